import { collectResults, markdownReport, terminalReport } from './report';
import type { Report } from './measurement';

const row = { family: 'acl', packets: 4096, hits: 32 } as const;
const reports: Report[] = [
  { kind: 'kernel', release: '6.1.0-1-amd64' },
  { kind: 'bare', instructions: 5239 },
  { kind: 'commit', family: 'acl', rules: 10, instructions: 21_000_000 },
  { kind: 'memory', family: 'acl', rules: 10, bytes: 1164 },
  { kind: 'row', ...row, subject: 'nsgate', rules: 10, held: 10, instructions: 1036 },
  { kind: 'row', ...row, subject: 'nft-set', rules: 10, held: 7, instructions: 1377 },
  { kind: 'row', ...row, subject: 'nsgate', rules: 1000, held: 1000, instructions: 56_010 },
  { kind: 'row', ...row, subject: 'unmanaged', rules: 1000, held: 1000, instructions: 0 },
];
const results = collectResults(reports);

describe('the benchmark’s report', () => {
  it('keeps every figure', () => {
    expect(results.kernel).toBe('6.1.0-1-amd64');
    expect(results.rows).toHaveLength(4);
    expect(results.rows[0]).toEqual({
      subject: 'nsgate',
      ip: 4,
      rules: 10,
      held: 10,
      instructions: 1036,
      ...row,
    });
    expect(results.commit).toEqual([
      { subject: 'nsgate', family: 'acl', rules: 10, instructions: 21_000_000 },
    ]);
    expect(results.memory).toEqual([{ family: 'acl', rules: 10, bytes: 1164 }]);
  });

  it('shows a line per subject and a column per size, and what a set could not hold', () => {
    const page = markdownReport(results);
    expect(page).toContain('| family | subject | 10 rules | 1,000 rules |\n');
    expect(page).toContain('| acl | nsgate | +1,036 | +56,010 |\n');
    expect(page).toContain('| acl | nft-set | +1,377 (7 held) | – |\n');
    expect(page).toContain('| acl | unmanaged | – | +0 |\n');
    expect(page).toContain('| acl | 10 | 21,000,000 | 1,164 |\n');
  });

  it('says on a terminal what the bare hook costs', () => {
    expect(terminalReport(results)).toContain('above a bare drop hook (5,239 in all), Linux 6.1.0-1-amd64');
  });
});
