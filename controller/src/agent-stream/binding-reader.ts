/**
 * Reads what agents count (BindingStats) from the wire into columns of words. Statistics are nearly all that hosts say, by the hundred
 * thousand counts a second: a BigInt for each would cost more than what is done with it. All but the columns of counts is left to the
 * generated code, and a test holds the whole to that.
 */
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { Action, BindingStats } from '@nsgate/proto';
import { HOOKS } from '../compiler/wire-enums';
import type { Hook } from '../model/policy';
import type { BindingReport, DefaultOrigin } from '../stats/counter-ledger';
import { CountList } from '../stats/count-list';
import type { DefaultVerdict } from '../stats/default-verdict';
import { isNamespaceName } from './report-parser';
import { readFixed64s, readVarints } from './wire-counts';

/** The same object for every report. */
class Report implements BindingReport {
  namespace = '';
  epoch = 0n;
  readonly ruleKeys = new CountList();
  readonly packets = new CountList();
  readonly bytes = new CountList();
  readonly shadowPackets = new CountList();
  readonly idleMs = new CountList();
  hooks: readonly Hook[] = [];
  readonly accepted = new CountList();
  readonly dropped = new CountList();
  readonly rejected = new CountList();
  readonly shadowDropped = new CountList();
  readonly malformed = new CountList();
  readonly defaulted = new CountList();
  defaults: readonly DefaultOrigin[] = [];
}

const RULE_KEYS = 3;
const DEFAULTS: ReadonlyMap<Action, DefaultVerdict> = new Map([
  [Action.ACTION_ACCEPT, 'accept'],
  [Action.ACTION_DROP, 'drop'],
]);

export class BindingReader {
  readonly #report = new Report();
  /** By number of the field. */
  readonly #columns: ReadonlyMap<number, CountList>;

  constructor() {
    const { ruleKeys, packets, bytes, shadowPackets, idleMs } = this.#report;
    const { accepted, dropped, rejected, shadowDropped, malformed, defaulted } = this.#report;
    const byRule = [ruleKeys, packets, bytes, shadowPackets, idleMs];
    const byHook = [accepted, dropped, rejected, shadowDropped, malformed, defaulted];
    this.#columns = new Map([
      ...byRule.map((column, i) => [RULE_KEYS + i, column] as const),
      ...byHook.map((column, i) => [9 + i, column] as const),
    ]);
  }

  /**
   * Undefined where columns do not fit together. What it gives is good until it is asked again. Throws for bytes that are no
   * BindingStats.
   */
  read(bytes: Uint8Array): BindingReport | undefined {
    for (const column of this.#columns.values()) column.length = 0;
    const reader = new BinaryReader(bytes);
    const others: Uint8Array[] = [];
    while (reader.pos < bytes.length) {
      const start = reader.pos;
      const [field, type] = reader.tag();
      const column = this.#columns.get(field);
      if (column !== undefined && isOfColumn(field, type)) readColumn(column, { reader, bytes, field, type });
      else {
        reader.skip(type, field);
        others.push(bytes.subarray(start, reader.pos));
      }
    }
    return fill(this.#report, BindingStats.decode(Buffer.concat(others)));
  }
}

/** Numbers of a list may stand together, or each by itself. */
function isOfColumn(field: number, type: WireType): boolean {
  return (
    type === WireType.LengthDelimited || type === (field === RULE_KEYS ? WireType.Bit64 : WireType.Varint)
  );
}

interface Place {
  readonly reader: BinaryReader;
  readonly bytes: Uint8Array;
  readonly field: number;
  readonly type: WireType;
}

function readColumn(column: CountList, { reader, bytes, field, type }: Place): void {
  const length = type === WireType.LengthDelimited ? reader.uint32() : undefined;
  const start = reader.pos;
  if (length === undefined) reader.skip(type, field);
  else reader.pos += length;
  if (reader.pos > bytes.length) throw new RangeError('a column goes beyond its message');
  const read = field === RULE_KEYS ? readFixed64s : readVarints;
  read(bytes, { start, end: reader.pos }, column);
}

function fill(report: Report, message: BindingStats): BindingReport | undefined {
  const { namespace, epoch, defaultVerdicts, defaultPolicies } = message;
  const hooks = message.hooks.map((hook) => HOOKS.fromWire(hook)).filter((hook) => hook !== undefined);
  const isWellFormed =
    isNamespaceName(namespace) &&
    haveLength(columnsByRule(report), report.ruleKeys.length) &&
    haveLength([hooks, ...columnsByHook(report, message)], message.hooks.length) &&
    defaultVerdicts.every((action) => DEFAULTS.has(action)) &&
    new Set(hooks).size === hooks.length;
  if (!isWellFormed) return undefined;
  const defaults = defaultVerdicts.map((action, i) => ({
    policy: defaultPolicies[i] ?? '',
    verdict: DEFAULTS.get(action) ?? 'accept',
  }));
  return Object.assign(report, { namespace, epoch, hooks, defaults });
}

interface Column {
  readonly length: number;
}

function haveLength(columns: readonly Column[], length: number): boolean {
  return columns.every((column) => column.length === length);
}

function columnsByRule({ packets, bytes, shadowPackets, idleMs }: Report): Column[] {
  const known = [packets, bytes, shadowPackets];
  return idleMs.length === 0 ? known : [...known, idleMs];
}

function columnsByHook(report: Report, { defaultVerdicts, defaultPolicies }: BindingStats): Column[] {
  const { accepted, dropped, rejected, shadowDropped, malformed, defaulted } = report;
  const known = [accepted, dropped, rejected, shadowDropped, malformed];
  const hasDefaults = defaulted.length > 0 || defaultPolicies.length > 0;
  return hasDefaults ? [...known, defaulted, defaultVerdicts, defaultPolicies] : known;
}
