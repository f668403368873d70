/** How the CLI reaches a controller. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createSecureContext } from 'node:tls';
import { credentials, Metadata, type ChannelCredentials } from '@grpc/grpc-js';
import {
  AddressSetServiceClient,
  AuditServiceClient,
  clientCredentials,
  EnrollmentServiceClient,
  FleetServiceClient,
  PolicyServiceClient,
  ResourceServiceClient,
  StatsServiceClient,
} from '@nsgate/proto';
import { CommandError } from './exit-code';

export interface ConnectionOptions {
  readonly endpoint?: string | undefined;
  readonly socket?: string | undefined;
  readonly tlsCa?: string | undefined;
  readonly tlsCert?: string | undefined;
  readonly tlsKey?: string | undefined;
  /** Holds a bearer token. */
  readonly tokenFile?: string | undefined;
  /** The name in the controller's certificate, where it is not that of the endpoint. */
  readonly tlsServerName?: string | undefined;
}

export interface Connection {
  readonly policies: PolicyServiceClient;
  readonly addressSets: AddressSetServiceClient;
  readonly resources: ResourceServiceClient;
  readonly fleet: FleetServiceClient;
  readonly enrollment: EnrollmentServiceClient;
  readonly audit: AuditServiceClient;
  readonly stats: StatsServiceClient;
  close(): void;
}

const DEFAULT_SOCKET = '/run/nsgate/controller.sock';

/** Opens lazily: the first call connects. An Error says which option is wrong or which file cannot be read. */
export function connect(options: ConnectionOptions): Connection {
  const { address, channel } = target(options);
  const limits = {
    // An answer may be as large as a page of policies.
    'grpc.max_receive_message_length': 64 << 20,
    ...(options.tlsServerName !== undefined && { 'grpc.ssl_target_name_override': options.tlsServerName }),
  };
  const clients = {
    policies: new PolicyServiceClient(address, channel, limits),
    addressSets: new AddressSetServiceClient(address, channel, limits),
    resources: new ResourceServiceClient(address, channel, limits),
    fleet: new FleetServiceClient(address, channel, limits),
    enrollment: new EnrollmentServiceClient(address, channel, limits),
    audit: new AuditServiceClient(address, channel, limits),
    stats: new StatsServiceClient(address, channel, limits),
  };
  return {
    ...clients,
    close: () => {
      for (const client of Object.values(clients)) client.close();
    },
  };
}

function target(options: ConnectionOptions): { address: string; channel: ChannelCredentials } {
  const { endpoint, socket, tlsCa: ca, tlsCert: cert, tlsKey: key } = options;
  if (endpoint === undefined) {
    return { address: `unix:${resolve(socket ?? DEFAULT_SOCKET)}`, channel: credentials.createInsecure() };
  }
  if (socket !== undefined) throw new CommandError('usage', 'give --endpoint or --socket, not both');
  const token = tokenOf(options);
  if (ca !== undefined && token !== undefined) return { address: endpoint, channel: tokenChannel(ca, token) };
  if (ca === undefined || cert === undefined || key === undefined) {
    throw new CommandError(
      'usage',
      '--endpoint needs --tls-ca, and either --tls-cert and --tls-key or a token (--token-file, $NSGATE_TOKEN)',
    );
  }
  return { address: endpoint, channel: clientCredentials({ ca, cert, key }) };
}

/** A certificate that is given goes before a token of the environment. A file is read at each call: a token may be renewed meanwhile. */
function tokenOf({ tokenFile, tlsCert }: ConnectionOptions): (() => string) | undefined {
  if (tokenFile !== undefined) return () => readFileSync(tokenFile, 'utf8').trim();
  const given = process.env.NSGATE_TOKEN;
  return tlsCert === undefined && given !== undefined ? () => given : undefined;
}

function tokenChannel(ca: string, token: () => string): ChannelCredentials {
  const context = createSecureContext({ ca: readFileSync(ca), minVersion: 'TLSv1.3' });
  // A file that is not there is told before anything is called.
  token();
  const perCall = credentials.createFromMetadataGenerator((_options, done) => {
    const metadata = new Metadata();
    try {
      metadata.set('authorization', `Bearer ${token()}`);
      done(null, metadata);
    } catch (error) {
      done(error as Error);
    }
  });
  return credentials.combineChannelCredentials(credentials.createFromSecureContext(context), perCall);
}
