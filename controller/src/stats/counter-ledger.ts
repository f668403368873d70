/**
 * Adds up what hosts count. Hosts report cumulative values within an epoch; what counts is by how much a value rose above
 * the highest that was seen of that epoch. So a report that is lost, repeated, or overtaken changes no sum.
 *
 * Sums live as long as the controller: those of rules, policies and namespaces that are gone stay in them.
 */
import { isZero, riseOf, sum, ZERO, type Counters } from './counters';
import type { RuleDirectory, RuleName } from './rule-directory';

/** Counters of one binding, in columns of equal length. */
export interface BindingReport {
  readonly namespace: string;
  readonly epoch: bigint;
  readonly ruleKeys: readonly bigint[];
  readonly packets: readonly bigint[];
  readonly bytes: readonly bigint[];
  readonly shadowPackets: readonly bigint[];
}

/** What one rule has counted in one namespace of one host. */
export interface LedgerEntry extends RuleName {
  readonly hostId: string;
  readonly namespace: string;
  readonly total: Counters;
}

/** Told of each rise: the entry after it, and by how much it rose. */
export type LedgerObserver = (entry: LedgerEntry, rise: Counters) => void;

export interface CounterLedgerOptions {
  readonly rules: RuleDirectory;
  /** Called the first time that a rule key comes up which no known policy has, and when entries are at their limit. */
  readonly onOddity: (
    oddity: { kind: 'unknown-rule'; hostId: string; key: bigint } | { kind: 'full' },
  ) => void;
  /** 500,000 when left out. */
  readonly maxEntries?: number;
}

/** Values of an epoch by rule key. */
type Epoch = Map<bigint, Counters>;

interface Binding {
  /** The last few, so that a report of an epoch that has just ended finds what it rose above. */
  readonly epochs: Map<bigint, Epoch>;
  readonly entries: Map<bigint, LedgerEntry>;
}

const MAX_EPOCHS = 4;
const MAX_UNKNOWN_KEYS = 10_000;

export class CounterLedger {
  readonly #hosts = new Map<string, Map<string, Binding>>();
  readonly #observers = new Set<LedgerObserver>();
  readonly #unknownKeys = new Set<bigint>();
  readonly #maxEntries: number;
  #entries = 0;

  constructor(private readonly options: CounterLedgerOptions) {
    this.#maxEntries = options.maxEntries ?? 500_000;
  }

  ingest(hostId: string, report: BindingReport): void {
    const binding = this.#binding(hostId, report.namespace);
    const epoch = epochOf(binding, report.epoch);
    for (const [i, key] of report.ruleKeys.entries()) {
      const now = {
        packets: report.packets[i] ?? 0n,
        bytes: report.bytes[i] ?? 0n,
        shadowPackets: report.shadowPackets[i] ?? 0n,
      };
      const rise = riseOf(epoch.get(key) ?? ZERO, now);
      if (isZero(rise)) continue;
      const entry = this.#entry(binding, { hostId, namespace: report.namespace, key });
      // Not noted down either: the whole of it counts once the rule is known.
      if (entry === undefined) continue;
      epoch.set(key, sum(epoch.get(key) ?? ZERO, rise));
      this.#raise(binding, { key, entry, rise });
    }
  }

  /** The host has booted: all its counters begin at 0, whatever epochs they name. */
  forgetEpochs(hostId: string): void {
    for (const binding of this.#hosts.get(hostId)?.values() ?? []) binding.epochs.clear();
  }

  *entries(): Generator<LedgerEntry> {
    for (const bindings of this.#hosts.values()) {
      for (const { entries } of bindings.values()) yield* entries.values();
    }
  }

  /** Calls `observer` at each rise until the function that is given back is called. */
  observe(observer: LedgerObserver): () => void {
    this.#observers.add(observer);
    return () => void this.#observers.delete(observer);
  }

  #binding(hostId: string, namespace: string): Binding {
    const bindings = this.#hosts.get(hostId) ?? new Map<string, Binding>();
    this.#hosts.set(hostId, bindings);
    const binding = bindings.get(namespace) ?? { epochs: new Map(), entries: new Map() };
    bindings.set(namespace, binding);
    return binding;
  }

  #entry(
    binding: Binding,
    { hostId, namespace, key }: { hostId: string; namespace: string; key: bigint },
  ): LedgerEntry | undefined {
    const known = binding.entries.get(key);
    if (known !== undefined) return known;
    const rule = this.options.rules.find(key);
    if (rule === undefined) {
      this.#noteUnknown(hostId, key);
      return undefined;
    }
    if (this.#entries >= this.#maxEntries) {
      this.options.onOddity({ kind: 'full' });
      return undefined;
    }
    this.#entries += 1;
    return { hostId, namespace, ...rule, total: ZERO };
  }

  #raise(binding: Binding, { key, entry, rise }: { key: bigint; entry: LedgerEntry; rise: Counters }): void {
    const raised = { ...entry, total: sum(entry.total, rise) };
    binding.entries.set(key, raised);
    for (const observer of this.#observers) observer(raised, rise);
  }

  #noteUnknown(hostId: string, key: bigint): void {
    if (this.#unknownKeys.has(key) || this.#unknownKeys.size >= MAX_UNKNOWN_KEYS) return;
    this.#unknownKeys.add(key);
    this.options.onOddity({ kind: 'unknown-rule', hostId, key });
  }
}

function epochOf(binding: Binding, id: bigint): Epoch {
  const epoch: Epoch = binding.epochs.get(id) ?? new Map<bigint, Counters>();
  // The map is in order of last use.
  binding.epochs.delete(id);
  binding.epochs.set(id, epoch);
  for (const oldest of binding.epochs.keys()) {
    if (binding.epochs.size <= MAX_EPOCHS) break;
    binding.epochs.delete(oldest);
  }
  return epoch;
}
