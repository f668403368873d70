import { packetChart } from './chart';
import type { Report, Row } from './measurement';
import { collectResults, jsonReport, markdownReport, terminalReport } from './report';
import { likelyFamilies } from './ruleset-generator';

const packets = { packets: 4096, hits: 32 } as const;
const acl = { family: 'acl', ip: 4 } as const;
const reports: Report[] = [
  { kind: 'kernel', release: '6.1.0-1-amd64' },
  { kind: 'bare', ip: 4, instructions: 5239 },
  { kind: 'commit', subject: 'nsgate', ...acl, rules: 10, instructions: 1_000_000 },
  { kind: 'memory', subject: 'nsgate', ...acl, rules: 10, bytes: 1164 },
  { kind: 'row', ...acl, ...packets, subject: 'nsgate', rules: 10, held: 10, instructions: 236 },
  { kind: 'commit', subject: 'nft-set', ...acl, rules: 10, instructions: 30_000_000 },
  { kind: 'row', ...acl, ...packets, subject: 'nft-set', rules: 10, held: 7, instructions: 1377 },
  { kind: 'row', ...acl, ...packets, subject: 'nsgate', rules: 1000, held: 1000, instructions: 56_010 },
  { kind: 'row', ...acl, ...packets, subject: 'unmanaged', rules: 1000, held: 1000, instructions: 0 },
  { kind: 'commit', subject: 'nsgate', family: 'fw', ip: 4, rules: 10, instructions: 2_000_000 },
  { kind: 'memory', subject: 'nsgate', family: 'acl', ip: 6, rules: 10, bytes: 2000 },
  { kind: 'commit', subject: 'nft-set', family: 'fw', ip: 4, rules: 10, instructions: 50_000_000 },
];
const results = collectResults(reports);
const options = { chart: 'benchmarks.svg', packets: 64 } as const;
const costing = (row: Partial<Row>): Report => ({
  ...{ kind: 'row', ...acl, ...packets, subject: 'nsgate', rules: 10, held: 10, instructions: 1, ...row },
});

describe('the benchmark’s JSON', () => {
  const kept = JSON.parse(jsonReport(results, likelyFamilies)) as Record<string, unknown[]>;

  it('has exactly what its readers expect', () => {
    expect(Object.keys(kept)).toEqual(['kernel', 'rows', 'commit', 'memory']);
    expect(kept.kernel).toBe('6.1.0-1-amd64');
    expect(kept.rows).toHaveLength(4);
    expect(kept.rows?.[0]).toEqual({ subject: 'nsgate', family: 'acl', ip: 4, rules: 10, instructions: 236 });
  });

  it('compares commits where nsgate does worst', () => {
    expect(kept.commit).toEqual([
      { subject: 'nsgate', rules: 10, instructions: 2_000_000 },
      { subject: 'nft-set', rules: 10, instructions: 50_000_000 },
    ]);
  });

  it('has of the hard rulesets what was asked for by name, and nothing else', () => {
    const hard = { family: 'wild', ip: 4, subject: 'nsgate', rules: 20 } as const;
    const all = collectResults([
      ...reports,
      costing({ ...hard, held: 20 }),
      { kind: 'commit', ...hard, instructions: 3 },
      { kind: 'memory', ...hard, bytes: 4 },
    ]);
    expect(jsonReport(all, likelyFamilies)).toBe(jsonReport(results, likelyFamilies));
    expect(JSON.parse(jsonReport(all, ['wild']))).toEqual({
      kernel: '6.1.0-1-amd64',
      rows: [{ ...hard, instructions: 1 }],
      commit: [{ subject: 'nsgate', rules: 20, instructions: 3 }],
      memory: [{ family: 'wild', rules: 20, bytes: 4 }],
    });
  });

  it('has the larger memory of the two versions of IP', () => {
    expect(kept.memory).toEqual([{ family: 'acl', rules: 10, bytes: 2000 }]);
  });
});

describe('the benchmark’s report', () => {
  it('shows a line per subject and a column per size, and what a set could not hold', () => {
    const page = markdownReport(results, options);
    expect(page).toContain('| family | subject | 10 rules | 1,000 rules |\n');
    expect(page).toContain('| acl | nsgate | +236 | +56,010 |\n');
    expect(page).toContain('| acl | nft-set | +1,377 (7 held) | – |\n');
    expect(page).toContain('| acl | unmanaged | – | +0 |\n');
    expect(page).toContain('| acl | IPv4 | 10 | 1,000,000 | 30,000,000 | 30 | 1,164 |\n');
    expect(page).toContain('](benchmarks.svg)');
  });

  it('says how many packets hit where more than half do, by what was measured', () => {
    expect(markdownReport(results, options)).not.toContain('unmatched');
    const tried = [
      costing({ family: 'fw', rules: 100, held: 100, hits: 60 }),
      costing({ family: 'fw', rules: 10_000, held: 10_000, hits: 64 }),
      costing({ family: 'fw', rules: 10_000, held: 10_000, hits: 64, ip: 6, subject: 'iptables' }),
      costing({ family: 'fw', rules: 1000, held: 999, hits: 61, subject: 'nft-set' }),
      costing({ family: 'wild', rules: 10, hits: 33 }),
      costing({ family: 'ipc', rules: 10, hits: 32 }),
    ];
    expect(markdownReport(collectResults(tried), options)).toContain(
      '\nWhere rules leave hardly a packet unmatched, more than half of the 64 hit one: fw with 100 rules (60), 10,000 (64); wild with 10 rules (33).\n\n',
    );
  });

  it('holds the worst likely ruleset of each size to its bar', () => {
    const page = markdownReport(
      collectResults([
        costing({ instructions: 250 }),
        costing({ family: 'fw', instructions: 249 }),
        costing({ family: 'wild', instructions: 9999 }),
        costing({ rules: 10_000, instructions: 601 }),
        costing({ rules: 77, instructions: 1 }),
        costing({ rules: 100, instructions: 299, ip: 6 }),
        costing({ rules: 100, instructions: 451, ip: 6, family: 'ipc' }),
        costing({ rules: 1000, instructions: 5000, subject: 'iptables' }),
      ]),
      options,
    );
    const [, table] = page.split('| IP | rules | nsgate at worst | family | at most | holds |\n');
    expect(table?.split('\n').slice(1, 5)).toEqual([
      '| IPv4 | 10 | +250 | acl | +250 | yes |',
      '| IPv4 | 10,000 | +601 | acl | +600 | no |',
      '| IPv6 | 100 | +451 | ipc | +450 | no |',
      '',
    ]);
  });

  it('leaves the bars out where no size was measured that has one', () => {
    expect(markdownReport(collectResults([costing({ rules: 77 })]), options)).not.toContain('may cost');
  });

  it('says on a terminal what the bare hook costs', () => {
    expect(terminalReport(results)).toContain('above a bare drop hook (5,239 in all)');
  });
});

describe('the chart', () => {
  it('has a line for each subject that costs anything, through all its sizes', () => {
    const chart = packetChart(results.rows);
    expect(chart).toMatch(/>nsgate<\/text>/);
    expect(chart).not.toContain('unmanaged');
    expect(chart.match(/stroke-width="2"/g)).toHaveLength(2);
    expect(chart).not.toContain('NaN');
  });
});
