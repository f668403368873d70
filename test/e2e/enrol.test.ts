/** What a host enforces does not hang on its certificate: it comes in by a token, renews, and is revoked, while a rule acts all along. */
import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from './harness/eventually';
import { loadModule, unloadModule } from './harness/kernel-module';
import { Namespace } from './harness/namespace';
import { policyOf, rule } from './harness/policies';
import { HOST_ID, Site } from './harness/site';

const noPing = policyOf('no-ping', { include: ['web'], rules: [rule('ping', { protocol: 'icmp' })] });
let site: Site;
let web: Namespace;

beforeAll(async () => {
  loadModule();
  web = Namespace.add('web', 14);
  site = await Site.start({ enrolledFor: '30s' });
});
afterAll(async () => {
  await site.stop();
  web.delete();
  unloadModule();
});

const file = (name: string): string => join(site.stateDir, 'identity', name);
const serialNumber = (): string => new X509Certificate(readFileSync(file('cert.pem'))).serialNumber;

it('a host that comes in by a token enforces', async () => {
  expect(web.answersPing()).toBe(true);
  const policy = await site.operator.applyPolicy(noPing);
  await eventually(() => expect(existsSync(file('cert.pem'))).toBe(true));
  await site.operator.waitEnforced({ policy, host: `hosts/${HOST_ID}`, namespace: 'web' });
  expect(web.answersPing()).toBe(false);
  expect(statSync(file('key.pem')).mode & 0o777).toBe(0o600);
  expect(existsSync(join(site.stateDir, 'enroll-token'))).toBe(false);
});

it('it goes on while the certificate is renewed: the kernel is not even written to', async () => {
  const [before, generation] = [serialNumber(), site.kernelGeneration()];
  await eventually(() => {
    site.agent?.assertRuns();
    expect(web.answersPing()).toBe(false);
    expect(serialNumber()).not.toBe(before);
  });
  await eventually(() => expect(site.agent?.log.match(/"in sync"/g)?.length).toBeGreaterThan(1));
  expect([web.answersPing(), site.kernelGeneration()]).toEqual([false, generation]);
});

it('it goes on when the host is revoked, and takes no orders any more', async () => {
  const generation = site.kernelGeneration();
  await site.operator.revoke(HOST_ID);
  await eventually(() => expect(site.agent?.log).toContain('the certificates of this host were revoked'));
  await site.operator.deletePolicy(noPing.name);
  expect([web.answersPing(), site.kernelGeneration()]).toEqual([false, generation]);
  expect(await site.agent?.end()).toBe(0);
  expect(web.answersPing()).toBe(false);
});
