/** Runs programs of the guest. */
import { execFileSync, spawnSync } from 'node:child_process';

/** Runs a program; an Error holds what it said. */
export function run(program: string, ...rest: string[]): string {
  return execFileSync(program, rest, { encoding: 'utf8', stdio: 'pipe' });
}

/** Exit status and output of a program that may fail. */
export function outcomeOf(program: string, ...rest: string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(program, rest, { encoding: 'utf8' });
  return { status, output: stdout + stderr };
}
