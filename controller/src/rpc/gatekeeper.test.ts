/** Who gets in to the real controller, with an access file, and what is on record then. */
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import {
  AgentStreamServiceClient,
  clientCredentials,
  Hello,
  RealizationState,
  UpdatePolicyRequest,
  WatchAuditRequest,
  type ConnectRequest,
  type WatchAuditResponse,
} from '@nsgate/proto';
import { verifyChain } from '../audit/verify';
import { failingController, nsgate, unary, type Clients } from '../controller-process.testing';
import { AccessSite, denied, eventually, reads, STATIC_TOKEN, unproved, writes } from './access-site.testing';

// Processes start slowly on a busy machine.
jest.setTimeout(60_000);

const site = new AccessSite();
const { controller, folder, accessFile, auditFile, as, withToken, lines, signJwt } = site;
const address = (): string => `127.0.0.1:${controller.port}`;
beforeAll(() => site.start());
afterAll(() => site.remove());

describe('roles', () => {
  it('a viewer reads, and writes nothing', async () => {
    const vera = await as('vera');
    await expect(reads(vera)).resolves.toBeDefined();
    await expect(writes(vera, 'by-vera')).rejects.toMatchObject({
      ...denied,
      message: 'this method needs the role editor; cert:vera does not have it',
    });
  });

  it('an editor with limits writes within them, and takes nothing over', async () => {
    const [edda, ada] = [await as('edda'), await as('ada')];
    await expect(writes(edda, 'web-1', { team: 'web' })).resolves.toBeDefined();
    await expect(writes(edda, 'db-1', { team: 'db' })).rejects.toMatchObject({
      ...denied,
      message: 'your bindings do not extend to policies/db-1: it does not bear the label team=web',
    });
    await writes(ada, 'db-2', { team: 'db' });
    const takeOver = UpdatePolicyRequest.fromPartial({
      policy: { name: 'policies/db-2', labels: { team: 'web' } },
      updateMask: ['labels'],
    });
    await expect(unary((done) => edda.policies.updatePolicy(takeOver, done))).rejects.toMatchObject(denied);
    const batch = {
      policies: [],
      deleteNames: ['policies/db-2'],
      validateOnly: false,
      reason: '',
      force: false,
    };
    await expect(unary((done) => edda.policies.batchApplyPolicies(batch, done))).rejects.toMatchObject(
      denied,
    );
  });

  it('who is not bound reads nothing, and who has no certificate of the CA is asked for proof', async () => {
    await expect(reads(await as('mallory'))).rejects.toMatchObject(denied);
    await expect(reads(withToken())).rejects.toMatchObject(unproved);
  });

  it('the local socket is for administrators, whatever the file says', async () => {
    const local = controller.local();
    await expect(writes(local, 'local-1')).resolves.toBeDefined();
  });

  it('health and reflection are for those who have proved who they are', async () => {
    const check = (clients: Clients): Promise<unknown> =>
      unary((done) =>
        clients.fleet.makeUnaryRequest(
          '/grpc.health.v1.Health/Check',
          () => Buffer.alloc(0),
          (b: Buffer) => b,
          {},
          done as never,
        ),
      );
    await expect(check(withToken())).rejects.toMatchObject(unproved);
    await expect(check(await as('vera'))).resolves.toBeDefined();
  });

  it('the file is read again when it changes; a broken one changes nothing', async () => {
    const late = await as('late');
    await expect(reads(late)).rejects.toMatchObject(denied);
    writeFileSync(accessFile, 'bindings: [{ role: emperor }]');
    await eventually(() =>
      controller.log.some(({ msg }) => String(msg).startsWith('access file cannot be used')),
    );
    await expect(reads(await as('vera'))).resolves.toBeDefined();
    writeFileSync(accessFile, site.access().replace('cert:vera', 'cert:vera, cert:late'));
    await eventually(() =>
      reads(late).then(
        () => true,
        () => false,
      ),
    );
  });
});

describe('tokens', () => {
  it('a static one is what the file binds it to', async () => {
    const ci = withToken(STATIC_TOKEN);
    await expect(reads(ci)).resolves.toBeDefined();
    await expect(writes(ci, 'by-ci')).rejects.toMatchObject(denied);
    await expect(reads(withToken(`${STATIC_TOKEN}x`))).rejects.toMatchObject(unproved);
  });

  it('a JWT of the issuer brings its groups; any other is refused', async () => {
    await expect(writes(withToken(await signJwt({ sub: 'erin' })), 'by-erin')).resolves.toBeDefined();
    const bad = [
      await signJwt({ sub: 'erin' }, { key: 'other' }),
      await signJwt({ sub: 'erin' }, { exp: '-5m' }),
      await signJwt({ sub: 'erin', aud: 'other' }),
      await signJwt({ sub: 'erin', iss: 'https://other.example' }),
      await signJwt({}),
      `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from('{"sub":"erin"}').toString('base64url')}.`,
    ];
    for (const token of bad) await expect(reads(withToken(token))).rejects.toMatchObject(unproved);
  });

  it('the command line takes one from a file', async () => {
    const file = join(folder, 'token');
    writeFileSync(file, `${STATIC_TOKEN}\n`);
    const flags = ['--endpoint', address(), '--tls-ca', site.server.ca, '--token-file', file];
    expect(await nsgate(...flags, 'get', 'hosts')).toMatchObject({ status: 0 });
  });
});

describe('a token that is typed where none can be', () => {
  it.each(['--token=', '--token-fil='])('is not repeated by the error: %s', async (flag) => {
    const typed = await nsgate(`${flag}${STATIC_TOKEN}`, 'get', 'hosts');
    expect(typed).toMatchObject({ status: 2, stderr: expect.stringContaining('nsgt_…') as string });
    expect(typed.stderr).not.toContain(STATIC_TOKEN.slice(5));
    const served = await failingController(`${flag}${STATIC_TOKEN}`);
    expect(served).toMatchObject({ status: 1, stderr: expect.stringContaining('nsgt_…') as string });
    expect(served.stderr).not.toContain(STATIC_TOKEN.slice(5));
  });
});

describe('a host', () => {
  const stream = async (
    id: string,
    ...messages: NonNullable<ConnectRequest['message']>[]
  ): Promise<{ code: number }> => {
    const files = await site.ca.issue({ name: `host-${id}`, identity: { kind: 'host', id } });
    const client = new AgentStreamServiceClient(address(), clientCredentials(files));
    const call = client.connect();
    call.on('data', () => undefined);
    const ended = new Promise<{ code: number }>((resolve) =>
      call.on('error', (error) => resolve(error as never)),
    );
    for (const message of messages) call.write({ message });
    return ended.finally(() => client.close());
  };
  const hello = (hostId: string): NonNullable<ConnectRequest['message']> => ({
    $case: 'hello',
    value: Hello.fromPartial({ hostId, bootId: 'b' }),
  });

  it('opens no method of operators, and an operator none of hosts', async () => {
    await expect(reads(await as('h1', 'host'))).rejects.toMatchObject(denied);
    const vera = await as('vera');
    const renewal = unary((done) =>
      vera.enrollment.renewCertificate({ certificateRequest: Buffer.alloc(0) }, done),
    );
    await expect(renewal).rejects.toMatchObject(denied);
  });

  it('that says it is another is refused, and that is on record', async () => {
    expect(await stream('h1', hello('h2'))).toMatchObject(denied);
    expect(lines().at(-1)).toMatchObject({
      principal: 'host:h1',
      method: 'nsgate.v1.AgentStreamService/Connect',
      result: 'PERMISSION_DENIED',
      reason: expect.stringContaining('"h2"') as string,
    });
  });

  it('that says it is another is on record also where no host can have that name', async () => {
    expect(await stream('h1', hello('../H2'))).toMatchObject(denied);
    expect(lines().at(-1)).toMatchObject({ reason: expect.stringContaining('"../H2"') as string });
  });

  it("that reports another's realizations is cut, and that is on record", async () => {
    const realization = {
      policy: 'policies/a',
      host: 'hosts/h2',
      namespace: 'n',
      state: RealizationState.REALIZATION_STATE_ENFORCED,
      rulesetDigest: '',
      policyRevision: 1n,
      reason: '',
    };
    const report: NonNullable<ConnectRequest['message']> = {
      $case: 'realizations',
      value: { snapshot: true, realizations: [realization] },
    };
    expect(await stream('h1', hello('h1'), report)).toMatchObject(denied);
    expect(lines().at(-1)).toMatchObject({
      principal: 'host:h1',
      reason: expect.stringContaining('hosts/h2') as string,
    });
  });
});

describe('a host that is revoked', () => {
  it('is cut at once, and stays out over a restart', async () => {
    const files = await site.ca.issue({ name: 'host-h9', identity: { kind: 'host', id: 'h9' } });
    const connect = (): { welcome: Promise<unknown>; ended: Promise<unknown> } => {
      const client = new AgentStreamServiceClient(address(), clientCredentials(files));
      const call = client.connect();
      const ended = new Promise((resolve) => call.on('error', resolve)).finally(() => client.close());
      const welcome = new Promise((resolve) => call.once('data', resolve));
      call.write({ message: { $case: 'hello', value: Hello.fromPartial({ hostId: 'h9', bootId: 'b' }) } });
      return { welcome, ended };
    };
    const first = connect();
    await first.welcome;
    const revoked = await nsgate('--socket', controller.socket, 'host', 'revoke', 'h9', '--reason', 'stolen');
    expect(revoked).toMatchObject({ status: 0 });
    expect(await first.ended).toMatchObject(denied);
    expect(await connect().ended).toMatchObject(denied);
    await controller.stop();
    await controller.start(site.server, ['--access', accessFile]);
    expect(await connect().ended).toMatchObject(denied);
    expect(lines().find(({ method }) => method.endsWith('/RevokeHost'))).toMatchObject({
      principal: 'local',
      result: 'OK',
      reason: 'stolen',
    });
  });
});

describe('the record', () => {
  it('tells who changed what, from where, before and after, and why', async () => {
    const ada = await as('ada');
    await writes(ada, 'recorded');
    const created = lines().at(-1);
    expect(created).toMatchObject({
      principal: 'cert:ada',
      method: 'nsgate.v1.PolicyService/CreatePolicy',
      peer: expect.stringMatching(/^127\.0\.0\.1:\d+$/) as string,
      resources: [
        { name: 'policies/recorded', before: '', after: expect.stringMatching(/^[0-9a-f]{64}$/) as string },
      ],
      result: 'OK',
      reason: 'because',
    });
    const remove = {
      name: 'policies/recorded',
      etag: '',
      allowMissing: false,
      validateOnly: false,
      reason: 'done',
    };
    await unary((done) => ada.policies.deletePolicy(remove, done));
    expect(lines().at(-1)?.resources[0]).toMatchObject({
      before: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      after: '',
    });
  });

  it('is not kept of reading', async () => {
    const before = lines().length;
    await reads(await as('ada'));
    expect(lines()).toHaveLength(before);
  });

  it('is streamed to administrators, and to them alone', async () => {
    const [ada, otto] = [await as('ada'), await as('otto')];
    const watch = ada.audit.watchAudit(WatchAuditRequest.create());
    watch.on('error', () => undefined);
    await once(watch, 'metadata');
    await writes(ada, 'watched');
    const [message] = (await once(watch, 'data')) as [WatchAuditResponse];
    expect(message.entry).toMatchObject({ principal: 'cert:ada', resources: [{ name: 'policies/watched' }] });
    watch.cancel();
    const refused = otto.audit.watchAudit(WatchAuditRequest.create());
    refused.on('data', () => undefined);
    const [error] = (await once(refused, 'error').catch((reason: unknown) => [reason])) as [unknown];
    expect(error).toMatchObject(denied);
  });

  it('is streamed from where its watcher was, and not from where this log never was', async () => {
    const ada = await as('ada');
    const watch = (request: Partial<WatchAuditRequest>): Promise<unknown> =>
      new Promise((resolve) => {
        const stream = ada.audit.watchAudit(WatchAuditRequest.create(request));
        stream.on('error', resolve);
        stream.once('data', ({ entry }: WatchAuditResponse) => {
          resolve(entry);
          stream.cancel();
        });
      });
    const [first, second] = lines();
    expect(await watch({ afterSequence: 0n })).toMatchObject({ sequence: 1n, hash: first?.hash });
    const next = { sequence: 2n, previous: first?.hash, hash: second?.hash };
    expect(await watch({ afterSequence: 1n })).toMatchObject(next);
    expect(await watch({ afterSequence: 1n, afterHash: first?.hash ?? '' })).toMatchObject(next);
    const gap = { code: status.OUT_OF_RANGE };
    expect(await watch({ afterSequence: 1n, afterHash: second?.hash ?? '' })).toMatchObject(gap);
    expect(await watch({ afterSequence: 1_000_000n })).toMatchObject(gap);
    expect(await watch({ afterHash: 'ab' })).toMatchObject({ code: status.INVALID_ARGUMENT });
  });

  it('is checked for a hash that was noted down', async () => {
    const noted = lines().at(-1)?.hash ?? '';
    const verify = (hash: string): ReturnType<typeof nsgate> =>
      nsgate('audit', 'verify', '--noted', hash, auditFile);
    expect(await verify(noted)).toMatchObject({ status: 0 });
    expect(await verify('ab'.repeat(32))).toMatchObject({
      status: 9,
      stderr: expect.stringContaining(`no entry has the hash ${'ab'.repeat(32)}`) as string,
    });
  });

  it('holds no token that a caller has put in the wrong place, and no error repeats it', async () => {
    const local = ['--socket', controller.socket];
    const secret = 'c2VjcmV0'.padEnd(43, 'x');
    const token = ['nsge1', 'web-7', 'ab'.repeat(32), secret].join('.');
    const wrong = [
      await nsgate(...local, 'host', 'enroll', token),
      await nsgate(...local, 'host', 'enroll', STATIC_TOKEN),
      await nsgate(...local, 'host', 'revoke', 'web-7', '--reason', `as ${token} was seen`),
    ];
    expect(wrong.map(({ status: code }) => code)).toEqual([3, 3, 0]);
    expect(lines().at(-1)).toMatchObject({ reason: 'as nsge1.… was seen' });
    const told = readFileSync(auditFile, 'utf8') + JSON.stringify([controller.log, wrong]);
    for (const text of [secret, STATIC_TOKEN.slice(5)]) expect(told).not.toContain(text);
  });

  it('is a whole chain, with no secret in it, nor in the log', async () => {
    expect(verifyChain([auditFile]).first).toBe(1);
    const verified = await nsgate('audit', 'verify', auditFile);
    expect(verified).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^entries 1 to \d+ are whole/) as string,
    });
    const secrets = [
      STATIC_TOKEN,
      await signJwt({ sub: 'x' }),
      readFileSync(site.server.key, 'utf8').split('\n')[1] ?? '',
    ];
    const told = readFileSync(auditFile, 'utf8') + JSON.stringify(controller.log);
    for (const secret of secrets) expect(told).not.toContain(secret.slice(0, 40));
  });
});
