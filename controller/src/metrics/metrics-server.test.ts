import { readFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { ruleKey } from '@nsgate/proto';
import { bindingReport } from '../stats/binding-report.testing';
import { MetricsSite } from './metrics-site.testing';

describe('the metrics of the controller', () => {
  let site: MetricsSite;
  afterEach(() => site.server.stop());

  it('are told as text, and nothing else is', async () => {
    site = await new MetricsSite().listen();
    const { status, type, body } = await site.ask('/metrics');
    expect([status, type]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
    expect(body).toContain('# HELP nsgate_hosts Hosts that ever connected, by whether they are now.\n');
    expect(body).toContain('# TYPE nsgate_hosts gauge\nnsgate_hosts{state="connected"} 0\n');
    expect(body).toMatch(/^process_cpu_seconds_total \d/m);
    expect((await site.ask('/healthz')).body).toBe('ok\n');
    expect((await site.ask('/status')).status).toBe(404);
  });

  it('tell what rules matched, summed over hosts, and begin at 0', async () => {
    site = await new MetricsSite().listen();
    site.policy('p', 'a', 'b');
    const count = (host: string, packets: bigint): void =>
      site.ledger.ingest(host, bindingReport(1n, [{ key: ruleKey('p', 'a'), packets }]));
    count('h1', 5n);
    count('h2', 2n ** 53n);
    expect(await site.lines('nsgate_rule_packets_total')).toEqual([
      'nsgate_rule_packets_total{policy="p",rule="b"} 0',
      'nsgate_rule_packets_total{policy="p",rule="a"} 9007199254740997',
    ]);
    site.policy('p', 'b');
    expect(await site.lines('nsgate_rule_bytes_total')).toEqual([
      'nsgate_rule_bytes_total{policy="p",rule="b"} 0',
    ]);
  });

  it('tell what became of packets, by hook and of the hosts that stop most', async () => {
    site = await new MetricsSite({ maxHosts: 1 }).listen();
    const traffic = { ...{ hooks: ['input' as const], accepted: [7n], rejected: [0n] } };
    const rest = { shadowDropped: [1n], malformed: [0n] };
    site.ledger.ingest('h1', bindingReport(1n, [], { ...traffic, ...rest, dropped: [2n] }));
    site.ledger.ingest('h2', bindingReport(1n, [], { ...traffic, ...rest, dropped: [3n] }));
    expect(await site.lines('nsgate_packets_total')).toEqual(
      expect.arrayContaining([
        'nsgate_packets_total{hook="input",verdict="accept"} 14',
        'nsgate_packets_total{hook="input",verdict="drop"} 5',
        'nsgate_packets_total{hook="output",verdict="drop"} 0',
      ]),
    );
    expect(await site.lines('nsgate_host_packets_total')).toEqual([
      'nsgate_host_packets_total{host="h2",verdict="accept"} 7',
      'nsgate_host_packets_total{host="h2",verdict="drop"} 3',
      'nsgate_host_packets_total{host="h2",verdict="reject"} 0',
    ]);
  });

  it('tell what default verdicts decided, by hook and for the policy that states them', async () => {
    site = await new MetricsSite().listen();
    site.policy('p');
    const traffic = { ...{ hooks: ['input' as const], accepted: [0n], dropped: [7n], rejected: [0n] } };
    const rest = { shadowDropped: [0n], malformed: [0n], defaulted: [5n] };
    const defaults = [{ policy: 'policies/p', verdict: 'drop' as const }];
    site.ledger.ingest('h1', bindingReport(1n, [], { ...traffic, ...rest, defaults }));
    expect(await site.lines('nsgate_defaulted_packets_total')).toContain(
      'nsgate_defaulted_packets_total{hook="input"} 5',
    );
    expect(await site.lines('nsgate_policy_default_packets_total')).toEqual([
      'nsgate_policy_default_packets_total{policy="p",verdict="drop"} 5',
    ]);
  });

  it('tell which hosts are silent, and how namespaces and policies stand', async () => {
    site = await new MetricsSite().listen();
    site.policy('p');
    site.host('h1');
    site.host('h2');
    site.registry.disconnect('h2');
    site.registry.reportNamespaces('h1', {
      ...{ snapshot: true, removed: [] },
      put: (['ready', 'quarantined'] as const).map((state, i) => ({
        ...{ name: `ns${i}`, state, inode: i, birthId: BigInt(i), netCookie: 0n, rulesetDigest: '' },
        ...{ detail: '', initial: false },
      })),
    });
    site.registry.reportRealizations('h1', {
      ...{ snapshot: true, removed: [] },
      put: [
        {
          ...{ policy: 'policies/p', namespace: 'ns0', policyRevision: 1n },
          status: { state: 'failed', reason: 'no' },
        },
      ],
    });
    expect(await site.lines('nsgate_hosts')).toEqual([
      'nsgate_hosts{state="connected"} 1',
      'nsgate_hosts{state="disconnected"} 1',
    ]);
    expect(await site.lines('nsgate_host_silent_seconds')).toEqual([
      expect.stringMatching(/^nsgate_host_silent_seconds\{host="h2"\} \d/),
    ]);
    expect(await site.lines('nsgate_namespaces')).toContain('nsgate_namespaces{state="quarantined"} 1');
    expect(await site.lines('nsgate_policy_realizations')).toContain(
      'nsgate_policy_realizations{policy="p",state="failed"} 1',
    );
  });

  it('have no more series than they may, and say how many they leave out', async () => {
    site = await new MetricsSite({ maxPolicies: 1, maxRules: 2, maxHosts: 0 }).listen();
    for (const id of ['p', 'q']) site.policy(id, 'a', 'b');
    site.ledger.ingest('h1', bindingReport(1n, [{ key: ruleKey('q', 'b'), packets: 1n }]));
    expect(await site.lines('nsgate_rule_packets_total')).toHaveLength(2);
    expect(await site.lines('nsgate_rule_packets_total')).toContain(
      'nsgate_rule_packets_total{policy="q",rule="b"} 1',
    );
    expect(await site.lines('nsgate_rules_left_out')).toEqual(['nsgate_rules_left_out 2']);
    expect(await site.lines('nsgate_policies_left_out')).toEqual(['nsgate_policies_left_out 1']);
    expect(await site.lines('nsgate_host_packets_total')).toEqual([]);
  });

  it('hold the loop up for less than 20 ms, of 10,000 hosts and 100,000 rules', async () => {
    site = await new MetricsSite().listen();
    const ids = Array.from({ length: 10 }, (_, rule) => `r${rule}`);
    for (let policy = 0; policy < 10_000; policy++) site.policy(`p${policy}`, ...ids);
    for (let host = 0; host < 10_000; host++) {
      site.host(`h${host}`);
      const key = ruleKey(`p${host}`, 'r1');
      const traffic = { hooks: ['input' as const], accepted: [1n], dropped: [BigInt(host)], rejected: [0n] };
      const rest = { shadowDropped: [0n], malformed: [0n] };
      site.ledger.ingest(`h${host}`, bindingReport(1n, [{ key, packets: 1n }], { ...traffic, ...rest }));
    }
    const longest: number[] = [];
    for (let scrape = 0; scrape < 5; scrape++) {
      longest.push(await longestPause(() => site.ask('/metrics')));
    }
    expect(Math.min(...longest)).toBeLessThan(20);
  }, 60_000);
});

/** Milliseconds between two turns of the loop, at most, until the work is done: of the time in which the loop's thread ran. */
async function longestPause(work: () => Promise<unknown>): Promise<number> {
  const state = { isDone: false, longest: 0 };
  const done = work().finally(() => (state.isDone = true));
  for (let last = threadMs(); !state.isDone; last = threadMs()) {
    await setImmediate();
    state.longest = Math.max(state.longest, threadMs() - last);
  }
  await done;
  return state.longest;
}

/** Without what the collector's helper threads do beside it, and what else the machine does. proc(5), schedstat: the first number, in ns. */
function threadMs(): number {
  return Number(readFileSync('/proc/self/schedstat', 'utf8').split(' ')[0]) / 1e6;
}
