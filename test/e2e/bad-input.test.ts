/** What a person gets who is wrong: a clear line, a failure, and nothing changed. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Action, LabelOperator, type Policy } from '@nsgate/proto';
import { createLocalCa } from '../../deploy/certificates/local-ca';
import { eventually } from './harness/eventually';
import { loadModule, unloadModule } from './harness/kernel-module';
import { Namespace } from './harness/namespace';
import { policyOf, rule } from './harness/policies';
import { Program } from './harness/program';
import { HOST_ID, Site } from './harness/site';

describe('a policy that is wrong', () => {
  let site: Site;
  let web: Namespace;

  beforeAll(async () => {
    loadModule();
    web = Namespace.add('web', 31);
    site = await Site.start();
  });
  afterAll(async () => {
    await site.stop();
    web.delete();
    unloadModule();
  });

  const good = rule('good', { protocol: 'icmp' });
  it.each<[what: string, policy: Policy, field: string]>([
    ['a prefix longer than its family has bits', withMatch({ sources: ['10.0.0.0/33'] }), 'match.sources[0]'],
    ['an address in octal', withMatch({ sources: ['10.0.0.1', '010.0.0.1'] }), 'match.sources[1]'],
    ['bits beyond the prefix length', withMatch({ destinations: ['10.0.0.1/24'] }), 'match.destinations[0]'],
    [
      'a port range backwards',
      withMatch({ protocol: 'tcp', sourcePorts: ['90-80'] }),
      'match.source_ports[0]',
    ],
    [
      'a port beyond 65535',
      withMatch({ protocol: 'tcp', destinationPorts: ['65536'] }),
      'match.destination_ports[0]',
    ],
    [
      'a glob that does not end',
      policyOf('bad', { include: ['web['], rules: [good] }),
      'namespaces.include[0]',
    ],
    ['a rule id twice', policyOf('bad', { include: ['web'], rules: [good, good] }), 'rules[1].id'],
    [
      'a selector without an operator',
      {
        ...policyOf('bad', { include: ['web'], rules: [good] }),
        hostSelector: {
          requirements: [{ key: 'role', operator: LabelOperator.LABEL_OPERATOR_UNSPECIFIED, values: ['x'] }],
        },
      },
      'host_selector.requirements[0].operator',
    ],
  ])('%s is refused by the name of its field, and not stored', async (_what, policy, field) => {
    const error: unknown = await site.operator.applyPolicy(policy).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 3 });
    const { violations } = error as { violations: { field: string }[] };
    expect(violations.map((violation) => violation.field)).toContainEqual(expect.stringContaining(field));
    expect(await site.operator.realizations({ policy: 'policies/bad' })).toEqual([]);
  });

  it('in a way that only the kernel sees fails with its reason, and the ruleset before it stays in force', async () => {
    const ping = policyOf('ping', { include: ['web'], rules: [rule('ping', { protocol: 'icmp' })] });
    const stored = await site.operator.applyPolicy(ping);
    await site.operator.waitEnforced({ policy: stored, host: `hosts/${HOST_ID}`, namespace: 'web' });
    // Each of the two is fine; together they have more rules than one ruleset may.
    for (const id of ['many-1', 'many-2']) {
      const rules = Array.from({ length: 10_000 }, (_, n) => ({
        ...rule(`r${n}`, { protocol: 'udp', destinationPorts: [String(n)] }),
        action: Action.ACTION_COUNT,
      }));
      await site.operator.applyPolicy(policyOf(id, { include: ['web'], rules, priority: -1 }));
    }
    const reasons = await eventually(async () => {
      const failed = (await site.operator.realizations({ policy: '' })).filter(({ reason }) => reason !== '');
      expect(failed).not.toEqual([]);
      return failed.map(({ reason }) => reason);
    });
    expect(reasons.join()).toMatch(/16384|rules/);
    expect(web.answersPing()).toBe(false);
  });
});

describe('a program that cannot start', () => {
  let folder: string;
  let flags: string[];
  let server: Server | undefined;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'nsgate-bad-'));
    const ca = await createLocalCa(join(folder, 'certs'));
    const { cert, key } = await ca.issue({ name: 'x', identity: { kind: 'controller', id: 'x' } });
    flags = ['--tls-ca', ca.caFile, '--tls-cert', cert, '--tls-key', key];
  });
  afterEach(() => {
    server?.close();
    rmSync(folder, { recursive: true });
  });

  async function failureOf(entry: string, ...argv: string[]): Promise<string> {
    const program = new Program(entry, ...argv);
    expect(await program.exit()).not.toBe(0);
    const lines = program.log.trim().split('\n');
    const forPeople = lines.filter((line) => !line.startsWith('{"level"'));
    expect(forPeople).toHaveLength(1);
    return forPeople.join();
  }

  const controller = (...argv: string[]): Promise<string> =>
    failureOf('controller/dist/src/main.js', ...flags, '--socket', join(folder, 's'), ...argv);

  it('says that the port is in use', async () => {
    server = createServer().listen(7555, '127.0.0.1');
    expect(await controller('--data-dir', folder, '--listen', '127.0.0.1:7555')).toMatch(/7555.*in use/i);
  });

  it('says that the data folder cannot be written', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    chmodSync(file, 0o400);
    expect(await controller('--data-dir', join(file, 'store'), '--listen', '127.0.0.1:7555')).toContain(file);
  });

  it('says which certificate it cannot read', async () => {
    const missing = join(folder, 'none.pem');
    const log = await controller('--data-dir', folder, '--listen', '127.0.0.1:7555', '--tls-cert', missing);
    expect(log).toContain(missing);
  });

  it('says so when the agent is not root', async () => {
    const state = ['--state-dir', join(folder, 'state')];
    const argv = ['run', '--controller', '127.0.0.1:7555', '--host-id', 'x', ...state];
    const program = new Program(
      'test/e2e/harness/as-nobody.mjs',
      'agent/dist/src/main.js',
      ...argv,
      ...flags,
    );
    expect(await program.exit()).not.toBe(0);
    expect(program.log).toMatch(/root|CAP_NET_ADMIN/);
  });
});

function withMatch(match: Parameters<typeof rule>[1]): Policy {
  return policyOf('bad', { include: ['web'], rules: [rule('r', match)] });
}
