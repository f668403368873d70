// The ways in which the runner itself fails, each with the exit status that tells it from the command's own.

/** Exit statuses of the runner; every other status is that of the command in the guest. */
export const exitStatus = {
  /** The command line of the runner is wrong. */
  usage: 2,
  /** This machine lacks something (a program, a kernel image, the network), or the guest did not start. */
  environment: 3,
  /** The guest's kernel panicked, oopsed, warned or stalled. */
  kernelTrouble: 4,
  /** The command was still running when `--timeout` had passed, as timeout(1) reports it. */
  timeout: 124,
} as const;

/** A failure of the runner, not of the command that it runs. */
export class VmError extends Error {
  override readonly name = 'VmError';

  constructor(
    message: string,
    readonly status: number = exitStatus.environment,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
