import type { FlowCost, FlowReport } from './flow-measurement';
import { flowPage } from './flow-report';

const acl = { family: 'acl', ip: 4, rules: 1000, held: 1000, hits: 5000, bareNanoseconds: 1500 } as const;
const machine: FlowReport = { kind: 'machine', kernel: '6.1.0-1-amd64', processor: 'a processor' };
const costing = (cost: Partial<FlowCost>): FlowReport => ({
  ...{ kind: 'flow', subject: 'nsgate', nanoseconds: 100, ...acl, ...cost },
});

describe('the page on many flows', () => {
  it('has a line per ruleset, nsgate beside the others', () => {
    const page = flowPage(
      [machine, costing({}), costing({ subject: 'nft-set', held: 990, nanoseconds: 1250 })],
      10_000,
    );
    expect(page).toContain('| acl | IPv4 | 1,000 | 1,500 | 100 | 1,250 (990 held) | 12.5 | – | – |\n');
    expect(page).toContain('Here 10,000 flows go round');
    expect(page).not.toContain('unmatched');
  });

  it('says how many flows hit where more than half do, by what was measured', () => {
    const fw = { family: 'fw', rules: 10_000, held: 10_000 } as const;
    const page = flowPage([machine, costing({}), costing({ ...fw, hits: 9_990 })], 10_000);
    expect(page).toContain('more than half of the 10,000 hit one: fw with 10,000 rules (9,990).\n');
  });
});
