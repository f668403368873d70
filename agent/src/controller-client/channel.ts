/** What all connections to controllers have in common. */
import type { ClientOptions } from '@grpc/grpc-js';

/** Reason of google.rpc.ErrorInfo with which a revoked host is refused. */
export const REVOKED = 'HOST_REVOKED';

/** `serverName`: the name that the controller's certificate must bear, when it is not the host's in the address. */
export function nameOptions(serverName: string | undefined): ClientOptions {
  if (serverName === undefined) return {};
  return { 'grpc.ssl_target_name_override': serverName, 'grpc.default_authority': serverName };
}
