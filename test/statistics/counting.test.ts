/** From the kernel's counters to the controller's sums, through all that lies between but the network. */
import { ConnectRequest } from '@nsgate/proto';
import fc from 'fast-check';
import { statsReports } from '../../agent/src/controller-client/report-messages';
import { StatsReader } from '../../agent/src/stats/stats-reader';
import { BindingReader } from '../../controller/src/agent-stream/binding-reader';
import { partsOf } from '../../controller/src/agent-stream/message-parts';
import { ANY_PACKET } from '../../controller/src/model/match';
import { CounterLedger } from '../../controller/src/stats/counter-ledger';
import { RuleDirectory } from '../../controller/src/stats/rule-directory';
import { CountingKernel } from './counting-kernel.testing';

const RULES = ['a', 'b'];
const keyOf = (rule: string): bigint => BigInt(rule.charCodeAt(0));

/** A host and a controller, and beside them what was really counted. */
class Bench {
  readonly #kernel = new CountingKernel();
  /** What the agent keeps in a file. */
  readonly #formerNames = new Map<bigint, string>();
  readonly #truth = new Map<string, bigint>();
  readonly #unread = new Map<string, bigint>();
  readonly #rules = new RuleDirectory((_uid, rule) => keyOf(rule));
  readonly #ledger: CounterLedger;
  #inForce: ReadonlySet<string> = new Set();
  readonly #bindings = new BindingReader();
  #reader = this.#newReader();
  #isFirst = true;

  constructor() {
    this.#ledger = new CounterLedger({ rules: this.#rules, onOddity: (oddity) => fail(oddity) });
    this.update(RULES);
    for (const name of NAMES) this.make(name);
  }

  /** The policy has these rules now. The kernel remembers what the others have counted, and goes on from there if they come back. */
  update(rules: readonly string[]): void {
    const action = { kind: 'drop', shadow: false } as const;
    const stated = rules.map((id) => ({
      ...{ id, comment: '', hook: 'input' as const, match: ANY_PACKET, action },
    }));
    this.#rules.put({ name: 'policies/p', uid: 'u', rules: stated });
    this.#inForce = new Set(rules);
  }

  make(name: string): void {
    this.#kernel.make(name);
    for (const [birth, known] of this.#kernel.names) this.#formerNames.set(birth, known);
    for (const rule of RULES) this.#unread.delete(`${name} ${rule}`);
  }

  count(name: string, rule: string, packets: bigint): void {
    if (!this.#inForce.has(rule)) return;
    const key = `${name} ${rule}`;
    // Half of the range between two reports is what a counter that wraps can tell.
    const unread = (this.#unread.get(key) ?? 0n) + packets;
    if (unread >= 2n ** 62n) return;
    this.#unread.set(key, unread);
    this.#kernel.count(name, keyOf(rule), packets);
    this.#truth.set(key, BigInt.asUintN(64, (this.#truth.get(key) ?? 0n) + packets));
  }

  /** `isLost`: the stream breaks under it. */
  report({ isLost = false } = {}): void {
    const { bindings } = this.#reader.read();
    const messages = statsReports(bindings, { whole: this.#isFirst, health: undefined });
    this.#isFirst = false;
    if (isLost) {
      this.reconnect();
      return;
    }
    for (const message of messages) this.#take(ConnectRequest.encode(message).finish());
    this.#unread.clear();
  }

  reconnect(): void {
    this.#reader.startOver();
    this.#isFirst = true;
  }

  restartAgent(): void {
    this.#reader = this.#newReader();
    this.#isFirst = true;
  }

  get counted(): Map<string, bigint> {
    const counts = [...this.#ledger.entries()].map(({ namespace, ruleId, total }): [string, bigint] => [
      `${namespace} ${ruleId}`,
      total.packets,
    ]);
    return new Map(counts);
  }

  /** By namespace. */
  get dropped(): Map<string, bigint> {
    return new Map([...this.#ledger.traffic()].map(({ namespace, total }) => [namespace, total.dropped]));
  }

  get truth(): Map<string, bigint> {
    return this.#truth;
  }

  #take(bytes: Uint8Array): void {
    for (const { message } of partsOf(Buffer.from(bytes))) {
      if (message?.$case !== 'stats') throw new Error('it is no report of counters');
      for (const entry of message.value.bindings) {
        const binding = this.#bindings.read(entry);
        if (binding === undefined) throw new Error('it makes no sense');
        this.#ledger.ingest('h1', binding, message.value);
      }
    }
  }

  #newReader(): StatsReader {
    return new StatsReader({
      openKernel: this.#kernel.open,
      names: () => this.#kernel.names,
      formerName: (birth) => this.#formerNames.get(birth),
      defaultOf: () => undefined,
      bootTimeMs: () => 0,
    });
  }
}

function fail(what: unknown): never {
  throw new Error(JSON.stringify(what));
}

const NAMES = ['red', 'blue'];
const name = fc.constantFrom('red', 'red', 'red', 'blue');
const packets = fc.oneof(fc.bigInt({ min: 1n, max: 9n }), fc.constant(2n ** 61n));
const step: fc.Arbitrary<(bench: Bench) => void> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(name, fc.constantFrom(...RULES), packets)
      .map((counted) => (bench: Bench) => bench.count(...counted)),
  },
  { weight: 4, arbitrary: fc.constant((bench: Bench) => bench.report()) },
  { weight: 1, arbitrary: fc.constant((bench: Bench) => bench.report({ isLost: true })) },
  { weight: 1, arbitrary: fc.constant((bench: Bench) => bench.reconnect()) },
  { weight: 1, arbitrary: fc.constant((bench: Bench) => bench.restartAgent()) },
  { weight: 2, arbitrary: fc.subarray(RULES).map((rules) => (bench: Bench) => bench.update(rules)) },
  { weight: 4, arbitrary: name.map((one) => (bench: Bench) => bench.make(one)) },
);

describe('what the kernel counts', () => {
  it('is in the sums once, whatever is lost, restarted, updated, made anew or wraps', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 120 }), (steps) => {
        const bench = new Bench();
        for (const one of steps) one(bench);
        bench.report();
        expect(bench.counted).toEqual(bench.truth);
        for (const one of NAMES) {
          const ofRules = RULES.map((rule) => bench.truth.get(`${one} ${rule}`) ?? 0n);
          const sum = BigInt.asUintN(
            64,
            ofRules.reduce((a, b) => a + b, 0n),
          );
          expect(bench.dropped.get(one) ?? 0n).toBe(sum);
        }
      }),
      { numRuns: 300 },
    );
  });
});
