/** Asks controllers for certificates: with a token the first time, with the certificate that is to be followed later. */
import {
  Metadata,
  status,
  type CallOptions,
  type ChannelCredentials,
  type ServiceError,
} from '@grpc/grpc-js';
import { credentialsFromTexts, EnrollmentServiceClient, RpcError } from '@nsgate/proto';
import type { CertificateDesk, Issued } from '../identity/enrolled-identity';
import { IdentityFault } from '../identity/identity-fault';
import { pinnedAuthority } from '../identity/pinned-authority';
import { nameOptions, REVOKED } from './channel';

export interface ControllersOfDesk {
  /** HOST:PORT of each; taken in turn until one answers. */
  readonly addresses: readonly string[];
  /** The name that their certificates must bear, when it is not that in the address. */
  readonly serverName?: string;
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 15_000;

export class ControllerDesk implements CertificateDesk {
  constructor(private readonly controllers: ControllersOfDesk) {}

  enroll({ token, authority, hostId, request }: Parameters<CertificateDesk['enroll']>[0]): Promise<Issued> {
    const { serverName, timeoutMs = TIMEOUT_MS } = this.controllers;
    return this.#inTurn(async (address) => {
      const ca = await pinnedAuthority({ address, serverName, fingerprint: authority, timeoutMs });
      return this.#ask(address, credentialsFromTexts({ ca }), (client, options, done) =>
        client.enroll(
          { token, hostId, certificateRequest: Buffer.from(request) },
          new Metadata(),
          options,
          done,
        ),
      );
    });
  }

  renew({ material: { ca, ...own }, request }: Parameters<CertificateDesk['renew']>[0]): Promise<Issued> {
    return this.#inTurn((address) =>
      this.#ask(address, credentialsFromTexts({ ca, own }), (client, options, done) =>
        client.renewCertificate({ certificateRequest: Buffer.from(request) }, new Metadata(), options, done),
      ),
    );
  }

  /** What one controller refuses for good, the others are not asked for. */
  async #inTurn(ask: (address: string) => Promise<Issued>): Promise<Issued> {
    let fault: unknown;
    for (const address of this.controllers.addresses) {
      try {
        return await ask(address);
      } catch (error) {
        if (!(error instanceof IdentityFault) || error.kind !== 'passing') throw error;
        fault ??= error;
      }
    }
    throw fault;
  }

  async #ask(address: string, credentials: ChannelCredentials, call: Call): Promise<Issued> {
    const { serverName, timeoutMs = TIMEOUT_MS } = this.controllers;
    const client = new EnrollmentServiceClient(address, credentials, nameOptions(serverName));
    try {
      return await new Promise((resolve, reject) => {
        const deadline = { deadline: Date.now() + timeoutMs };
        call(client, deadline, (error, answer) => {
          if (error === null) resolve(answer);
          else reject(faultOf(RpcError.fromServiceError(error), address));
        });
      });
    } finally {
      client.close();
    }
  }
}

type Call = (
  client: EnrollmentServiceClient,
  options: CallOptions,
  done: (error: ServiceError | null, answer: Issued) => void,
) => unknown;

function faultOf(error: RpcError, address: string): IdentityFault {
  const cause = error;
  if (error.reason?.reason === REVOKED) {
    return new IdentityFault(`the controller at ${address} refuses`, error.message, {
      kind: 'revoked',
      cause,
    });
  }
  if (error.code === status.UNAUTHENTICATED) {
    return new IdentityFault(
      `the controller at ${address} does not take the token, or the certificate`,
      'a token is good once, for its time, and until another is made for the host: create another with `nsgate host enroll`',
      { kind: 'token', cause },
    );
  }
  const isAway = error.code === status.UNAVAILABLE || error.code === status.DEADLINE_EXCEEDED;
  const what = `the controller at ${address} ${isAway ? 'cannot be asked' : 'refuses'}`;
  return new IdentityFault(what, error.message, { cause });
}
