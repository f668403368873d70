import { packetChart } from './chart';
import type { Report } from './measurement';
import { collectResults, jsonReport, markdownReport, terminalReport } from './report';

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

describe('the benchmark’s JSON', () => {
  const kept = JSON.parse(jsonReport(results)) as Record<string, unknown[]>;

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

  it('has the larger memory of the two versions of IP', () => {
    expect(kept.memory).toEqual([{ family: 'acl', rules: 10, bytes: 2000 }]);
  });
});

describe('the benchmark’s report', () => {
  it('shows a line per subject and a column per size, and what a set could not hold', () => {
    const page = markdownReport(results, 'benchmarks.svg');
    expect(page).toContain('| family | subject | 10 rules | 1,000 rules |\n');
    expect(page).toContain('| acl | nsgate | +236 | +56,010 |\n');
    expect(page).toContain('| acl | nft-set | +1,377 (7 held) | – |\n');
    expect(page).toContain('| acl | unmanaged | – | +0 |\n');
    expect(page).toContain('| acl | IPv4 | 10 | 1,000,000 | 30,000,000 | 30 | 1,164 |\n');
    expect(page).toContain('](benchmarks.svg)');
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
