/** Simulated agents that report in turn, so that the load is even. */
import { setTimeout } from 'node:timers/promises';
import type { TlsFiles } from '@nsgate/proto';
import { SimulatedAgent } from './simulated-agent';

const CONNECTING_AT_ONCE = 32;

export class AgentFleet {
  private constructor(readonly agents: ReadonlyMap<string, SimulatedAgent>) {}

  /** Each host by its id and certificate. */
  static async connect(
    port: number,
    hosts: ReadonlyMap<string, TlsFiles>,
    ruleKeys: bigint[],
  ): Promise<AgentFleet> {
    const agents = new Map<string, SimulatedAgent>();
    const rest = hosts.entries();
    const connectRest = async (): Promise<void> => {
      for (const [id, files] of rest)
        agents.set(id, await SimulatedAgent.connect({ id, port, files, ruleKeys }));
    };
    await Promise.all(Array.from({ length: CONNECTING_AT_ONCE }, connectRest));
    return new AgentFleet(agents);
  }

  /** Each agent reports once in every interval; `during` tells of each interval that begins. Ends with an interval. */
  async report(intervals: number, intervalMs: number, during: (interval: number) => void): Promise<void> {
    const agents = [...this.agents.values()];
    const start = performance.now();
    for (let interval = 0; interval < intervals; interval++) {
      during(interval);
      let reported = 0;
      while (reported < agents.length) {
        const passed = performance.now() - start - interval * intervalMs;
        const due = Math.min(Math.ceil((agents.length * passed) / intervalMs), agents.length);
        for (; reported < due; reported++) agents[reported]?.report();
        await setTimeout(1);
      }
    }
  }

  close(): void {
    for (const agent of this.agents.values()) agent.close();
  }
}
