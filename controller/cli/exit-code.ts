/** What a run of the command line ends with: documented in --help, for scripts. */
import { status } from '@grpc/grpc-js';
import { RpcError } from '@nsgate/proto';
import { ResourceFileError } from './resource-file';

export const EXIT_CODES = {
  failed: { code: 1, means: 'something else went wrong' },
  usage: { code: 2, means: 'the command line is wrong' },
  invalid: { code: 3, means: 'a file or a request is invalid' },
  notFound: { code: 4, means: 'what was named is not there' },
  refused: {
    code: 5,
    means: 'what stands there does not allow it: it exists already, has changed, or is in use',
  },
  unreachable: { code: 6, means: 'the controller cannot be reached, or does not let you in' },
  notEnforced: { code: 7, means: 'a policy failed on a host' },
  timedOut: { code: 8, means: 'time was up' },
  differs: { code: 9, means: 'diff has found a difference' },
} as const;

export type Outcome = keyof typeof EXIT_CODES;

/** Ends the run with an outcome of its own; an empty message has been told already. */
export class CommandError extends Error {
  override readonly name = 'CommandError';

  constructor(
    readonly outcome: Outcome,
    message: string,
  ) {
    super(message);
  }
}

const BY_STATUS: ReadonlyMap<status, Outcome> = new Map([
  [status.INVALID_ARGUMENT, 'invalid'],
  [status.NOT_FOUND, 'notFound'],
  [status.ALREADY_EXISTS, 'refused'],
  [status.ABORTED, 'refused'],
  [status.FAILED_PRECONDITION, 'refused'],
  [status.UNAVAILABLE, 'unreachable'],
  [status.UNAUTHENTICATED, 'unreachable'],
  [status.PERMISSION_DENIED, 'unreachable'],
  [status.DEADLINE_EXCEEDED, 'timedOut'],
]);

/** The exit status for what a command has thrown. */
export function exitCodeOf(error: unknown): number {
  return EXIT_CODES[outcomeOf(error)].code;
}

function outcomeOf(error: unknown): Outcome {
  if (error instanceof CommandError) return error.outcome;
  if (error instanceof ResourceFileError) return 'invalid';
  return error instanceof RpcError ? (BY_STATUS.get(error.code) ?? 'failed') : 'failed';
}

/** For --help. */
export function exitCodesText(): string {
  const lines = Object.values(EXIT_CODES).map(({ code, means }) => `  ${code}  ${means}`);
  return ['', 'Exit status:', '  0  done', ...lines].join('\n');
}
