/** What a person is told of an error. */
import { status } from '@grpc/grpc-js';
import { RpcError } from '@nsgate/proto';

/** One line, and one for each field that is wrong. Empty when all has been told. */
export function describeError(error: unknown): string {
  if (!(error instanceof RpcError)) return error instanceof Error ? error.message : String(error);
  if (error.violations.length === 0) return `${status[error.code]}: ${plainMessage(error)}`;
  const lines = error.violations.map(({ field, description }) =>
    field === '' ? `  ${description}` : `  ${field}: ${description}`,
  );
  return ['the controller finds it invalid', ...lines].join('\n');
}

/** grpc-js tells of its inner life where a person needs to know what could not be reached. */
function plainMessage({ message }: RpcError): string {
  const [, cause] = /Last error: (?:Error: )?(.*?)\.? Resolution note:/.exec(message) ?? [];
  return cause === undefined ? message : `the controller cannot be reached: ${cause}`;
}
