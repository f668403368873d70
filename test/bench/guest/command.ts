// Runs the guest's own programs.
import { execFileSync } from 'node:child_process';

/** Runs a program to its end and returns its output; throws with its error output if it fails. */
export function command(program: string, ...programArguments: string[]): string {
  return execFileSync(program, programArguments, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
