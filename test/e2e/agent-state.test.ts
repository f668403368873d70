/** An agent whose file of desired state is not what it should be: the kernel stays as it is, that is said, and the next sync heals it. */
import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { StateFile } from '../../agent/src/desired-state/state-file';
import { askForStatus } from '../../agent/src/local-api/local-server';
import { troubles } from '../../agent/src/local-api/status';
import { run } from './harness/command';
import { eventually } from './harness/eventually';
import { loadModule, unloadModule } from './harness/kernel-module';
import { Namespace } from './harness/namespace';
import { policyOf, rule } from './harness/policies';
import { HOST_ID, Site } from './harness/site';

const SOCKET = '/run/nsgate/agent.sock';

let site: Site;
let web: Namespace;
let file: string;

beforeAll(async () => {
  loadModule();
  web = Namespace.add('web', 61);
  site = await Site.start();
  file = join(site.stateDir, 'desired-state.json');
  await enforce('icmp');
});
afterAll(async () => {
  await site.stop();
  web.delete();
  unloadModule();
});

async function enforce(protocol: string): Promise<void> {
  const policy = policyOf('one', { include: ['web'], rules: [rule('r', { protocol })] });
  const stored = await site.operator.applyPolicy(policy);
  await site.operator.waitEnforced({ policy: stored, host: `hosts/${HOST_ID}`, namespace: 'web' });
}

const stateOf = async (): Promise<string[]> => troubles(await askForStatus(SOCKET));

describe.each([
  {
    what: 'cut short',
    harm: () => truncateSync(file, readFileSync(file).length - 9),
    says: 'its checksum does not fit',
  },
  {
    what: 'altered',
    harm: () => {
      const bytes = readFileSync(file);
      bytes[bytes.length - 20]! ^= 1;
      writeFileSync(file, bytes);
    },
    says: 'its checksum does not fit',
  },
  {
    what: 'of a newer version',
    harm: () => writeFileSync(file, readFileSync(file, 'utf8').replace('"version":1', '"version":2')),
    says: 'it is of version 2, this agent reads 1',
  },
])('a file that is $what', ({ harm, says }) => {
  it('leaves the kernel as it is, and that is said; the next sync makes it whole', async () => {
    await site.agent?.end();
    await site.controller?.end();
    const generation = site.kernelGeneration();
    harm();
    site.startAgent();
    await eventually(async () =>
      expect(await stateOf()).toContainEqual(expect.stringContaining('not all that is wanted is known')),
    );
    expect(site.agent?.log).toContain(says);
    // Long enough for passes and scans.
    await sleep(3000);
    expect(web.answersPing()).toBe(false);
    expect(site.kernelGeneration()).toBe(generation);

    await site.startController();
    await eventually(async () => expect(await stateOf()).toEqual([]));
    expect(web.answersPing()).toBe(false);
    expect(site.kernelGeneration()).toBe(generation);
    expect(new StateFile(site.stateDir).load()).toMatchObject({ kind: 'loaded', state: { complete: true } });
  });
});

describe('no file at all', () => {
  it('is no reason to let go of anything', async () => {
    await site.agent?.end();
    await site.controller?.end();
    const generation = site.kernelGeneration();
    rmSync(file);
    site.startAgent();
    await eventually(async () => expect(await stateOf()).not.toEqual([]));
    await sleep(3000);
    expect(web.answersPing()).toBe(false);
    await site.startController();
    await eventually(async () => expect(await stateOf()).toEqual([]));
    expect(site.kernelGeneration()).toBe(generation);
  });
});

describe('a folder that is read-only when the agent starts', () => {
  it('enforces what is on it, and that nothing can be stored is said before anything has to be', async () => {
    await site.agent?.end();
    run('mount', '--bind', site.stateDir, site.stateDir);
    run('mount', '-o', 'remount,bind,ro', site.stateDir);
    unloadModule();
    loadModule();
    expect(web.answersPing()).toBe(true);
    site.startAgent();
    await eventually(() => expect(web.answersPing()).toBe(false));
    await eventually(async () =>
      expect(await stateOf()).toContainEqual(expect.stringContaining('cannot be stored')),
    );
    await site.agent?.end();
    run('umount', site.stateDir);
    site.startAgent();
    await eventually(async () => expect(await stateOf()).toEqual([]));
  });
});
