// The results of the comparison over many flows as a page of documentation.
import type { FlowCost, FlowReport } from './flow-measurement';
import { manyHitsText } from './hits-text';
import type { Subject } from './measurement';

const peers: readonly Subject[] = ['nft-set', 'nft-linear'];

function isOfOneTrial(a: FlowCost, b: FlowCost): boolean {
  return a.family === b.family && a.ip === b.ip && a.rules === b.rules;
}

function cellsOf(nsgate: FlowCost, costs: readonly FlowCost[]): string[] {
  return peers.flatMap((subject) => {
    const peer = costs.find((cost) => cost.subject === subject && isOfOneTrial(cost, nsgate));
    if (!peer) return ['–', '–'];
    const share = peer.held === peer.rules ? '' : ` (${peer.held.toLocaleString('en-US')} held)`;
    const ratio = peer.nanoseconds / nsgate.nanoseconds;
    return [`${peer.nanoseconds.toLocaleString('en-US')}${share}`, ratio.toFixed(1)];
  });
}

/** A table in Markdown, a line per ruleset. */
export function flowTable(costs: readonly FlowCost[]): string {
  const head = [
    'family',
    'IP',
    'rules',
    'bare',
    'nsgate',
    ...peers.flatMap((subject) => [subject, 'times nsgate']),
  ];
  const lines = costs
    .filter(({ subject }) => subject === 'nsgate')
    .map((nsgate) => {
      const { family, ip, rules, bareNanoseconds, nanoseconds } = nsgate;
      const own = [rules, bareNanoseconds, nanoseconds].map((value) => value.toLocaleString('en-US'));
      return [family, `IPv${ip}`, ...own, ...cellsOf(nsgate, costs)];
    });
  const rule = head.map((_, column) => (column < 2 ? '---' : '---:'));
  return [head, rule, ...lines].map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}

/** The results as a page of documentation. */
export function flowPage(reports: readonly FlowReport[], flows: number): string {
  const costs = reports.filter((report) => report.kind === 'flow');
  const machine = reports.find((report) => report.kind === 'machine');
  const hits = manyHitsText(costs, flows);
  return `<!-- Written by \`npm run bench:flows -- --markdown docs/design/flows.md\`; edit test/bench/flow-report.ts instead. -->
# What a packet costs by the clock

Instructions ([benchmarks.md](benchmarks.md)) tell nothing of caches. Here ${flows.toLocaleString('en-US')} flows go round,
one packet each in turn, so that tables must be fetched anew; half of the flows are meant for one of the rules, evenly,
and half for none. ${hits === '' ? '' : `${hits}\n`}Nanoseconds per packet above the bare drop hook, Linux ${machine?.kernel ?? ''} on one
processor (${machine?.processor ?? ''}), without counting instructions. Only the ratios mean something: they are of one run, and times depend on the machine.

${flowTable(costs)}`;
}
