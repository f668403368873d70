/** The operator's command line against a controller, an agent and the kernel: what a script may rely on. */
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { outcomeOf } from './harness/command';
import { loadModule, unloadModule } from './harness/kernel-module';
import { Namespace } from './harness/namespace';
import { HOST_ID, Site } from './harness/site';

const PROGRAM = resolve(__dirname, '../../controller/dist/cli/main.js');
const GATEWAY = '10.9.41.1';

let site: Site;
let web: Namespace;
let config: string;

beforeAll(async () => {
  loadModule();
  web = Namespace.add('web', 41);
  site = await Site.start();
  const { ca: tlsCa, cert: tlsCert, key: tlsKey } = site.operatorTls;
  const live = { endpoint: site.address, tlsCa, tlsCert, tlsKey, tlsServerName: 'localhost' };
  config = file('config.yaml', { current: 'live', contexts: { live, local: { socket: site.socket } } });
});
afterAll(async () => {
  await site.stop();
  web.delete();
  unloadModule();
});

/** JSON is YAML. */
function file(name: string, content: unknown): string {
  const path = join(site.folder, name);
  writeFileSync(path, JSON.stringify(content));
  return path;
}

function nsgate(...argv: string[]): { status: number | null; output: string } {
  return outcomeOf(process.execPath, PROGRAM, '--config', config, ...argv);
}

const noPing = {
  kind: 'Policy',
  name: 'policies/no-ping',
  namespaces: { include: ['web'] },
  rules: [{ id: 'gateway', hook: 'INPUT', match: { sourceSets: ['addressSets/denied'] }, action: 'DROP' }],
};
const denied = { kind: 'AddressSet', name: 'addressSets/denied', members: [GATEWAY] };

/** The host's own namespace, which this agent is not allowed to touch. */
const onHost = {
  kind: 'Policy',
  name: 'policies/on-host',
  namespaces: { include: ['pid:1'] },
  rules: [{ id: 'r', hook: 'OUTPUT', match: { destinations: ['198.18.0.1'] }, action: 'DROP' }],
};

describe('nsgate, in the context of a configuration file', () => {
  it('applies a folder of files and returns once hosts enforce it', () => {
    file('denied.yaml', denied);
    const policy = file('no-ping.yaml', noPing);
    const { status, output } = nsgate('apply', '-f', join(site.folder, 'denied.yaml'), policy);
    expect({ status, output }).toMatchObject({
      status: 0,
      output: expect.stringContaining('no-ping') as string,
    });
    expect(web.answersPing()).toBe(false);
  });

  it('is done as soon when only the words of a policy change: the kernel is left alone', () => {
    const generation = site.kernelGeneration();
    const { status } = nsgate('apply', '-f', file('no-ping.yaml', { ...noPing, description: 'no ping' }));
    expect(status).toBe(0);
    expect(site.kernelGeneration()).toBe(generation);
  });

  it('asks the kernel why', () => {
    const packet = [
      '--hook',
      'input',
      '--source',
      GATEWAY,
      '--destination',
      web.address,
      '--protocol',
      'icmp',
    ];
    const { status, output } = nsgate('explain', HOST_ID, 'web', ...packet, '--icmp-type', '8', '-o', 'json');
    expect(status).toBe(0);
    expect(JSON.parse(output)).toMatchObject({
      verdict: 'ACTION_DROP',
      ruleId: 'gateway',
      policy: noPing.name,
    });
  });

  it('says by its exit status that a policy failed on a host, and on which, and why', () => {
    const { status, output } = nsgate('apply', '--force', '-f', file('on-host.yaml', onHost));
    expect({ status, output }).toMatchObject({
      status: 7,
      output: expect.stringMatching(/demo-host.*pid:1/) as string,
    });
    expect(nsgate('delete', 'on-host').status).toBe(0);
  });

  it('shows hosts, namespaces and how policies fare', () => {
    const shown = [['hosts'], ['namespaces', HOST_ID], ['status'], ['describe', `hosts/${HOST_ID}`]].map(
      (argv) => nsgate(...argv),
    );
    expect(shown.map(({ status }) => status)).toEqual([0, 0, 0, 0]);
    const [hosts = '', namespaces = '', policies = '', described = ''] = shown.map(({ output }) => output);
    expect(hosts).toMatch(/demo-host.*role=test/);
    expect(namespaces).toMatch(new RegExp(`web.*${web.inode}`));
    expect(policies).toMatch(/no-ping/);
    expect(described).toContain('role: test');
  });
});
