/** An operator who watches every host, and how long what a host reported takes to get to him. */
import { StatsDimension, StreamStatsRequest, type StreamStatsResponse } from '@nsgate/proto';
import type { Clients } from '../../../controller/src/controller-process.testing';
import type { AgentFleet } from './agent-fleet';

export class Watcher {
  /** Milliseconds from a report to the message that has its counts. */
  lags: number[] = [];
  /** Messages that the controller left out. */
  missed = 0n;
  readonly #wrong: string[] = [];

  constructor(
    private readonly operator: Clients,
    private readonly fleet: AgentFleet,
  ) {}

  /** Gives what ends it. */
  start(): () => void {
    const groupBy = [StatsDimension.STATS_DIMENSION_HOST];
    const call = this.operator.stats.streamStats(StreamStatsRequest.fromPartial({ groupBy }));
    call.on('error', () => undefined);
    call.on('data', (message: StreamStatsResponse) => this.#take(message));
    return () => call.cancel();
  }

  /** Throws unless every host's counts are those that it reported last. */
  assertAllSeen(): void {
    if (this.#wrong.length > 0) throw new Error(`wrong counts: ${this.#wrong.slice(0, 5).join('; ')}`);
    for (const [id, { seen, reportedAt }] of this.fleet.agents) {
      if (seen !== reportedAt.length)
        throw new Error(`of ${id}, ${seen} of ${reportedAt.length} were counted`);
    }
  }

  #take({ groups, missed }: StreamStatsResponse): void {
    const now = performance.now();
    this.missed += missed;
    for (const { host, counters } of groups) {
      const agent = this.fleet.agents.get(host.slice('hosts/'.length));
      if (agent === undefined) continue;
      const reports = agent.reportsOf(counters?.packets ?? 0n);
      if (reports === undefined) this.#wrong.push(`${host} ${counters?.packets}`);
      for (const at of agent.reportedAt.slice(agent.seen, reports)) this.lags.push(now - at);
      agent.seen = reports ?? agent.seen;
    }
  }
}
