/** What was counted in one step of time, as it is kept: summed under names, and packed. Pure. */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { HOOKS, type Hook } from '../model/policy';
import type { CellKind } from './counters';

/** Sums under the names that they are kept by. */
export interface HistoryRow {
  readonly kind: CellKind;
  readonly hostId: string;
  readonly namespace: string;
  /** Of a rule; empty for a hook. */
  readonly policy: string;
  readonly ruleId: string;
  /** Of a hook; undefined for a rule. */
  readonly hook: Hook | undefined;
  /** Counters or Traffic, in the order of their columns. */
  readonly columns: readonly bigint[];
}

/** More of a kind are first kept without namespaces, then without hosts. */
export const MAX_ROWS = 5000;

/** Names once, rows as indexes into them and numbers; numbers beyond 2^53 as text. */
interface Packed {
  readonly names: readonly string[];
  readonly rules: readonly (readonly [number, number, number, number, ...(number | string)[]])[];
  readonly hooks: readonly (readonly [number, number, number, ...(number | string)[]])[];
}

/** Adds up rows of the same names; with too many of a kind, of fewer names. */
export function foldRows(rows: readonly HistoryRow[], maxRows = MAX_ROWS): HistoryRow[] {
  return (['rule', 'hook'] as const).flatMap((kind) => {
    const ofKind = rows.filter((row) => row.kind === kind);
    let folded = sumRows(ofKind);
    if (folded.length > maxRows) folded = sumRows(folded.map((row) => ({ ...row, namespace: '' })));
    if (folded.length > maxRows) folded = sumRows(folded.map((row) => ({ ...row, hostId: '' })));
    return folded;
  });
}

export function packRows(rows: readonly HistoryRow[]): Buffer {
  const numbers = new Map<string, number>();
  const number = (name: string): number => {
    const known = numbers.get(name) ?? numbers.size;
    numbers.set(name, known);
    return known;
  };
  const rules: Packed['rules'][number][] = [];
  const hooks: Packed['hooks'][number][] = [];
  for (const { hostId, namespace, policy, ruleId, hook, columns } of rows) {
    const place = [number(hostId), number(namespace)] as const;
    const counts = columns.map((value) => (value <= Number.MAX_SAFE_INTEGER ? Number(value) : String(value)));
    if (hook === undefined) rules.push([...place, number(policy), number(ruleId), ...counts]);
    else hooks.push([...place, HOOKS.indexOf(hook), ...counts]);
  }
  const packed: Packed = { names: [...numbers.keys()], rules, hooks };
  return deflateRawSync(JSON.stringify(packed), { level: 1 });
}

/** Without spreads, which cost most of the time of a step of thousands of rows. */
export function unpackRows(body: Uint8Array): HistoryRow[] {
  const { names, rules, hooks } = JSON.parse(inflateRawSync(body).toString()) as Packed;
  const name = (number: number): string => names[number] ?? '';
  const ofRules = rules.map((row): HistoryRow => ({
    kind: 'rule',
    hostId: name(row[0]),
    namespace: name(row[1]),
    policy: name(row[2]),
    ruleId: name(row[3]),
    hook: undefined,
    columns: countsFrom(row, 4),
  }));
  const ofHooks = hooks.map((row): HistoryRow => ({
    kind: 'hook',
    hostId: name(row[0]),
    namespace: name(row[1]),
    policy: '',
    ruleId: '',
    hook: HOOKS[row[2]],
    columns: countsFrom(row, 3),
  }));
  return ofRules.concat(ofHooks);
}

function countsFrom(row: readonly (number | string)[], start: number): bigint[] {
  const counts: bigint[] = [];
  for (let at = start; at < row.length; at++) counts.push(BigInt(row[at] ?? 0));
  return counts;
}

function sumRows(rows: readonly HistoryRow[]): HistoryRow[] {
  const sums = new Map<string, { row: HistoryRow; columns: bigint[] }>();
  for (const row of rows) {
    const key = [row.hostId, row.namespace, row.policy, row.ruleId, row.hook ?? ''].join('\0');
    const sum = sums.get(key);
    if (sum === undefined) sums.set(key, { row, columns: [...row.columns] });
    else row.columns.forEach((value, i) => (sum.columns[i] = (sum.columns[i] ?? 0n) + value));
  }
  return [...sums.values()].map(({ row, columns }) => ({ ...row, columns }));
}
