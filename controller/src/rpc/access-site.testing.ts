/** A real controller with an access file, callers of every kind, and its audit log, for tests. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { credentials, Metadata, status, type ChannelCredentials } from '@grpc/grpc-js';
import {
  clientCredentials,
  CreatePolicyRequest,
  ListHostsRequest,
  type PeerIdentity,
  type TlsFiles,
} from '@nsgate/proto';
import { exportJWK, generateKeyPair, SignJWT, type KeyLike } from 'jose';
import { createLocalCa, type LocalCa } from '../../../deploy/certificates/local-ca';
import { buildController, Clients, ControllerProcess, unary } from '../controller-process.testing';
import { hashSecret } from '../identity/token-hash';

/** What the file binds as token:ci. */
export const STATIC_TOKEN = 'nsgt_dGhpcyBpcyBhIHRlc3QgdG9rZW4sIG5vdCBhIHNlY3JldA';
export const denied = { code: status.PERMISSION_DENIED };
export const unproved = { code: status.UNAUTHENTICATED };

/** A line of the audit log, as far as tests look at it. */
export interface AuditLine {
  readonly principal: string;
  readonly method: string;
  readonly result: string;
  readonly reason: string;
  readonly peer: string;
  readonly hash: string;
  readonly resources: { readonly name: string; readonly before: string; readonly after: string }[];
}

interface Parts {
  readonly ca: LocalCa;
  readonly server: TlsFiles;
  /** Whose public half the issuer publishes. */
  readonly known: KeyLike;
  readonly other: KeyLike;
}

export class AccessSite {
  readonly controller = new ControllerProcess();
  readonly folder = mkdtempSync(join(tmpdir(), 'nsgate-access-'));
  readonly accessFile = join(this.folder, 'access.yaml');
  readonly auditFile = join(this.controller.dataDir, 'audit.jsonl');
  #parts: Parts | undefined;
  readonly #open: Clients[] = [];

  get ca(): LocalCa {
    return this.#started().ca;
  }

  /** The controller's certificate. */
  get server(): TlsFiles {
    return this.#started().server;
  }

  /** Starts the controller, with further flags. */
  async start(settings: readonly string[] = []): Promise<void> {
    buildController();
    const ca = await createLocalCa(join(this.folder, 'ca'));
    const identity = { kind: 'controller', id: 'c' } as const;
    const server = await ca.issue({ name: 'controller', identity, ipAddresses: ['127.0.0.1'] });
    const [known, other] = [await generateKeyPair('ES256'), await generateKeyPair('ES256')];
    const jwk = { ...(await exportJWK(known.publicKey)), kid: 'k1', alg: 'ES256' };
    writeFileSync(join(this.folder, 'jwks.json'), JSON.stringify({ keys: [jwk] }));
    this.#parts = { ca, server, known: known.privateKey, other: other.privateKey };
    writeFileSync(this.accessFile, this.access());
    await this.controller.start(server, ['--access', this.accessFile, ...settings]);
  }

  async remove(): Promise<void> {
    for (const clients of this.#open) clients.close();
    await this.controller.remove();
    rmSync(this.folder, { recursive: true });
  }

  /** What the access file holds at first. */
  readonly access = (): string => `
bindings:
  - { role: viewer, principals: [cert:vera, 'token:ci'] }
  - { role: editor, principals: [cert:edda], policyLabels: { team: web } }
  - { role: operator, principals: [cert:otto] }
  - { role: admin, principals: [cert:ada] }
  - { role: editor, principals: ['group:deployers'] }
tokens: [{ name: ci, sha256: ${hashSecret(STATIC_TOKEN)} }]
oidc: { issuer: https://issuer.example, audience: nsgate, jwks: ${join(this.folder, 'jwks.json')} }
`;

  /** A JWT of the issuer, or, by a key that it does not publish, of somebody else. */
  readonly signJwt = (
    claims: object,
    { key, exp = '5m' }: { key?: 'other'; exp?: string } = {},
  ): Promise<string> =>
    new SignJWT({ groups: ['deployers'], aud: 'nsgate', iss: 'https://issuer.example', ...claims })
      .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
      .setExpirationTime(exp)
      .sign(this.#started()[key ?? 'known']);

  /** With a certificate. */
  readonly as = async (id: string, kind: 'operator' | 'host' = 'operator'): Promise<Clients> =>
    this.#clients(clientCredentials(await this.ca.issue({ name: `${kind}-${id}`, identity: { kind, id } })));

  /** With a certificate that expires that soon. */
  readonly briefly = async (identity: PeerIdentity, lifetimeMs: number): Promise<Clients> =>
    this.#clients(
      clientCredentials(
        await this.ca.issue({ name: `brief-${identity.kind}-${identity.id}`, identity, lifetimeMs }),
      ),
    );

  /** Without a certificate: with a bearer token, or with nothing. */
  readonly withToken = (token?: string): Clients => {
    const tls = credentials.createFromSecureContext(
      createSecureContext({ ca: readFileSync(this.server.ca) }),
    );
    if (token === undefined) return this.#clients(tls);
    const metadata = new Metadata();
    metadata.set('authorization', `Bearer ${token}`);
    const bearer = credentials.createFromMetadataGenerator((_, done) => done(null, metadata));
    return this.#clients(credentials.combineChannelCredentials(tls, bearer));
  };

  /** Of the audit log. */
  readonly lines = (): AuditLine[] =>
    readFileSync(this.auditFile, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as AuditLine);

  #clients(channel: ChannelCredentials): Clients {
    const clients = new Clients(`127.0.0.1:${this.controller.port}`, channel);
    this.#open.push(clients);
    return clients;
  }

  #started(): Parts {
    if (this.#parts === undefined) throw new Error('the site has not started');
    return this.#parts;
  }
}

export const reads = (clients: Clients): Promise<unknown> =>
  unary((done) => clients.fleet.listHosts(ListHostsRequest.create(), done));

export const writes = (
  clients: Clients,
  id: string,
  labels: Record<string, string> = {},
): Promise<unknown> => {
  const request = CreatePolicyRequest.fromPartial({
    policyId: id,
    policy: { labels, namespaces: { include: ['*'] } },
    reason: 'because',
  });
  return unary((done) => clients.policies.createPolicy(request, done));
};

export async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 15_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error('it does not come to hold');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
