/** What the demo has to show, and what of it was seen in this run. */
import type { Counters } from '@nsgate/proto';
import { PROBES, type Outcome, type Probe } from './host-event';

type Outcomes = Record<Probe, Outcome>;

/** What has to be seen once the policy is enforced. Before, everything has to pass. */
const UNDER_POLICY: Outcomes = {
  'ping-ns1': 'fails',
  'ping-ns2': 'passes',
  'ping-host': 'passes',
  'tcp-ns1': 'passes',
};

/** How many different, rising readings of the counters make a rise. */
const READINGS = 3;

const DESCRIPTIONS: Record<Probe, string> = {
  'ping-ns1': 'ping into ns1',
  'ping-ns2': 'ping into ns2',
  'ping-host': "ping into the host's own namespace",
  'tcp-ns1': 'TCP into ns1',
};

/** A line of the table that the demo ends with. */
export interface ProbeRow {
  traffic: string;
  before: Outcome | 'not seen';
  after: Outcome | 'not seen';
}

export class Observations {
  #before: Outcomes | undefined;
  #after: Outcomes | undefined;
  #enforced = false;
  readonly #readings: Counters[] = [];

  /** The policy stands in the kernel: probes from now on tell what it does. */
  policyEnforced(): void {
    this.#enforced = true;
  }

  probed(outcomes: Outcomes): void {
    if (this.#enforced) this.#after = outcomes;
    else this.#before = outcomes;
  }

  counted(counters: Counters): void {
    this.#readings.push(counters);
  }

  /** Whether the last round before the policy passed whole. */
  allPassedBefore(): boolean {
    return this.#before !== undefined && PROBES.every((probe) => this.#before?.[probe] === 'passes');
  }

  /** Each thing that was not seen, in words; empty when the demo has shown what it has to. */
  missing(): string[] {
    const missing: string[] = [];
    for (const probe of PROBES) {
      const [before, after] = [this.#before?.[probe], this.#after?.[probe]];
      if (before !== 'passes') missing.push(`${DESCRIPTIONS[probe]} was not seen to pass before the policy`);
      if (after !== UNDER_POLICY[probe]) {
        const verb = UNDER_POLICY[probe] === 'fails' ? 'fail' : 'pass';
        missing.push(`${DESCRIPTIONS[probe]} was not seen to ${verb} under the policy`);
      }
    }
    if (!this.countersRose()) missing.push("the rule's packet and byte counters were not seen to rise");
    return missing;
  }

  /** Whether packets and bytes both rose from reading to reading, often enough, and from above nothing. */
  countersRose(): boolean {
    const rising = this.#readings.filter((reading, index) => {
      const previous = this.#readings[index - 1] ?? { packets: 0n, bytes: 0n };
      return reading.packets > previous.packets && reading.bytes > previous.bytes;
    });
    return rising.length >= READINGS;
  }

  lastCounters(): Counters | undefined {
    return this.#readings.at(-1);
  }

  rows(): ProbeRow[] {
    return PROBES.map((probe) => ({
      traffic: DESCRIPTIONS[probe],
      before: this.#before?.[probe] ?? 'not seen',
      after: this.#after?.[probe] ?? 'not seen',
    }));
  }

  /** All in one line, as it stands now. */
  summary(): string {
    const outcomes = this.rows().map(
      ({ traffic, before, after }) => `${traffic} ${this.#enforced ? after : before}`,
    );
    const { packets, bytes } = this.lastCounters() ?? { packets: 0n, bytes: 0n };
    return `${outcomes.join(', ')}; dropped ${packets} packets, ${bytes} bytes`;
  }
}
