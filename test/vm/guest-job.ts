// What the host asks of the guest and what the guest answers, as text on the control port.
// The guest's side of this protocol is guest/init.sh and guest/session.sh.
import { shellQuote } from './shell-quote';

/** One command to run in the guest. */
export interface GuestJob {
  /** Program and arguments, passed on exactly as they are. */
  readonly command: readonly string[];
  /** Absolute folder in which the command starts. */
  readonly workingDirectory: string;
  /** The command's whole environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** Absolute path of the checkout, mounted writable at the same place. */
  readonly checkout: string;
  /** Whether the guest sets up its network card. */
  readonly network: boolean;
  /** What the guest prints on its console once everything before it has been printed. */
  readonly endMark: string;
}

/** How the command ended, as the guest reports it. */
export interface ExitReport {
  /** The command's exit status, or 128 + the signal that killed it. */
  readonly status: number;
  readonly stdoutBytes: number;
  readonly stderrBytes: number;
  /** The kernel's taint flags: /proc/sys/kernel/tainted, Documentation/admin-guide/tainted-kernels.rst. */
  readonly taint: number;
}

function runCommandFunction(job: GuestJob): string {
  const environment = Object.entries(job.environment).map(([name, value]) => `${name}=${value}`);
  const argv = ['/usr/bin/env', '-i', ...environment, '/usr/bin/setsid', '--', ...job.command];
  return `run_command() {\n\tcd ${shellQuote(job.workingDirectory)} && exec ${argv.map(shellQuote).join(' ')}\n}\n`;
}

/** The job as the guest reads it: a line with the script's length in bytes, then a shell script that describes the job. */
export function encodeJob(job: GuestJob): Buffer {
  const script = Buffer.from(
    `checkout=${shellQuote(job.checkout)}\n` +
      `network=${job.network ? 'yes' : ''}\n` +
      `end_mark=${shellQuote(job.endMark)}\n` +
      runCommandFunction(job),
  );
  return Buffer.concat([Buffer.from(`${script.length}\n`), script]);
}

/** Reads what the control port has delivered so far; undefined until it has a whole exit report. */
export function parseExitReport(received: string): ExitReport | undefined {
  const match = /^exited (\d+) (\d+) (\d+) (\d+)\n/m.exec(received);
  if (!match) return undefined;
  const [status, stdoutBytes, stderrBytes, taint] = match.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
  ];
  return { status, stdoutBytes, stderrBytes, taint };
}
