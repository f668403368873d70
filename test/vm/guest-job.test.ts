import { execFileSync } from 'node:child_process';

import { encodeJob, type GuestJob, parseExitReport } from './guest-job';

const job: GuestJob = {
  command: ['/bin/sh', '-c', 'pwd; printf "[%s]\\n" "$NAME" "$@"', 'sh', "it's", 'two\nlines', ''],
  workingDirectory: '/',
  environment: { NAME: 'a $value with "quotes"' },
  checkout: "/srv/with space & quote's",
  network: true,
  endMark: 'the end',
};

function scriptOf(encoded: Buffer): { readonly announced: number; readonly script: Buffer } {
  const lineEnd = encoded.indexOf('\n');
  return {
    announced: Number(encoded.subarray(0, lineEnd).toString()),
    script: encoded.subarray(lineEnd + 1),
  };
}

describe('the job that the guest is given', () => {
  it('announces the length of its script in bytes, not characters', () => {
    const { announced, script } = scriptOf(encodeJob({ ...job, environment: { NAME: 'äöü €' } }));
    expect(script.length).toBe(announced);
  });

  it('runs the command with exactly its arguments, its folder and its environment', () => {
    const { script } = scriptOf(encodeJob(job));
    const output = execFileSync('sh', ['-c', `${script.toString()} run_command`], { encoding: 'utf8' });
    expect(output).toBe(`/\n[a $value with "quotes"]\n[it's]\n[two\nlines]\n[]\n`);
  });

  it('names the checkout and the end mark, whatever they contain', () => {
    const { script } = scriptOf(encodeJob(job));
    const printing = `${script.toString()} printf '%s|%s|%s' "$checkout" "$network" "$end_mark"`;
    expect(execFileSync('sh', ['-c', printing], { encoding: 'utf8' })).toBe(`${job.checkout}|yes|the end`);
  });
});

describe('the exit report of the guest', () => {
  it('is read once its line is whole', () => {
    expect(parseExitReport('exited 3 120 5 0')).toBeUndefined();
    expect(parseExitReport('exited 3 120 5 512\n')).toEqual({
      status: 3,
      stdoutBytes: 120,
      stderrBytes: 5,
      taint: 512,
    });
  });

  it('is not mistaken for other text', () => {
    expect(parseExitReport('exited early\n')).toBeUndefined();
    expect(parseExitReport('exited 3 120 5\n')).toBeUndefined();
  });
});
