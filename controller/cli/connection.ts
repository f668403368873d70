/** How the CLI reaches a controller. */
import { resolve } from 'node:path';
import { credentials, type ChannelCredentials } from '@grpc/grpc-js';
import { clientCredentials, FleetServiceClient, PolicyServiceClient } from '@nsgate/proto';

export interface ConnectionOptions {
  readonly endpoint?: string;
  readonly socket?: string;
  readonly tlsCa?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
}

export interface Connection {
  readonly policies: PolicyServiceClient;
  readonly fleet: FleetServiceClient;
  close(): void;
}

const DEFAULT_SOCKET = '/run/nsgate/controller.sock';

/** Opens lazily: the first call connects. An Error says which option is wrong or which file cannot be read. */
export function connect(options: ConnectionOptions): Connection {
  const { address, channel } = target(options);
  // An answer may be as large as a page of policies.
  const limits = { 'grpc.max_receive_message_length': 64 << 20 };
  const policies = new PolicyServiceClient(address, channel, limits);
  const fleet = new FleetServiceClient(address, channel, limits);
  return {
    policies,
    fleet,
    close: () => {
      policies.close();
      fleet.close();
    },
  };
}

function target(options: ConnectionOptions): { address: string; channel: ChannelCredentials } {
  const { endpoint, socket, tlsCa: ca, tlsCert: cert, tlsKey: key } = options;
  if (endpoint === undefined) {
    return { address: `unix:${resolve(socket ?? DEFAULT_SOCKET)}`, channel: credentials.createInsecure() };
  }
  if (socket !== undefined) throw new Error('give --endpoint or --socket, not both');
  if (ca === undefined || cert === undefined || key === undefined) {
    throw new Error('--endpoint needs --tls-ca, --tls-cert and --tls-key: controllers speak mutual TLS only');
  }
  return { address: endpoint, channel: clientCredentials({ ca, cert, key }) };
}
