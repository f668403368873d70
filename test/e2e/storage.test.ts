/** A host whose disk fills up, or turns read-only: what is enforced stays, that is said, and it heals by itself. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { RealizationState, type Policy, type Realization } from '@nsgate/proto';
import { outcomeOf, run } from './harness/command';
import { eventually } from './harness/eventually';
import { loadModule, unloadModule } from './harness/kernel-module';
import { Namespace } from './harness/namespace';
import { policyOf, rule } from './harness/policies';
import { HOST_ID, Site } from './harness/site';

let site: Site;
let web: Namespace;
let folder: string;

beforeAll(async () => {
  loadModule();
  web = Namespace.add('web', 51);
  site = await Site.start();
  folder = join(site.folder, 'state');
  await site.agent?.end();
  run('mount', '-t', 'tmpfs', '-o', 'size=1m', 'nsgate-state', folder);
  site.startAgent();
});
afterAll(async () => {
  await site.agent?.end();
  run('umount', folder);
  await site.stop();
  web.delete();
  unloadModule();
});

const dropPing = policyOf('ping', { include: ['web'], rules: [rule('ping', { protocol: 'icmp' })] });
const letPing = policyOf('ping', { include: ['web'], rules: [rule('tcp', { protocol: 'tcp' })] });

async function enforced(policy: Policy): Promise<void> {
  const stored = await site.operator.applyPolicy(policy);
  await site.operator.waitEnforced({ policy: stored, host: `hosts/${HOST_ID}`, namespace: 'web' });
}

async function realization(): Promise<Realization | undefined> {
  const [first] = await site.operator.realizations({ policy: 'policies/ping' });
  return first;
}

describe.each([
  {
    disk: 'full',
    harm: () => void outcomeOf('dd', 'if=/dev/zero', `of=${join(folder, 'ballast')}`, 'bs=4096'),
    heal: () => rmSync(join(folder, 'ballast')),
    says: 'ENOSPC',
  },
  {
    disk: 'read-only',
    harm: () => run('mount', '-o', 'remount,ro', folder),
    heal: () => run('mount', '-o', 'remount,rw', folder),
    says: 'EROFS',
  },
])('a host whose disk is $disk', ({ harm, heal, says }) => {
  it('keeps what it enforces, says why it takes nothing new, and takes it once it can', async () => {
    await enforced(dropPing);
    harm();
    await site.operator.applyPolicy(letPing);
    await eventually(async () => {
      const failed = {
        state: RealizationState.REALIZATION_STATE_FAILED,
        reason: expect.stringContaining(says) as string,
      };
      expect(await realization()).toMatchObject(failed);
    });
    expect(web.answersPing()).toBe(false);
    heal();
    await eventually(() => expect(web.answersPing()).toBe(true));
    await eventually(async () =>
      expect(await realization()).toMatchObject({
        state: RealizationState.REALIZATION_STATE_ENFORCED,
        reason: '',
      }),
    );
  });
});
