/** What the agent makes of names on a host, by its real program on the real module: never does it program the wrong namespace. */
import { spawn } from 'node:child_process';
import { mkdirSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ListedNamespace } from '../../agent/src/kernel-device';
import type { NamespaceLine } from '../../agent/src/local-api/status';
import { AgentHost, policyOf, withDevice } from '../bench/guest/agent-host';
import { run } from './harness/command';
import { eventually } from './harness/eventually';
import { loadModule, unloadModule } from './harness/kernel-module';
import { bound, enforcedIn, inodeOf, lineOf } from './harness/lone-agent';
import { Namespace } from './harness/namespace';

let host: AgentHost;

beforeAll(async () => {
  loadModule();
  host = await AgentHost.make();
});
afterAll(async () => {
  await host.stop();
  unloadModule();
});

const enforced = (name: string): Promise<string> => enforcedIn(host, name);
const line = (name: string): Promise<NamespaceLine | undefined> => lineOf(host, name);

async function restart(...settings: string[]): Promise<void> {
  await host.agent?.end();
  host.startAgent(...settings);
}

describe('names', () => {
  beforeAll(async () => {
    run('ip', 'netns', 'add', 'al-1');
    await host.desire(policyOf('al', 'al-*', 20));
    await restart();
    await enforced('al-1');
  });
  afterAll(() => run('ip', 'netns', 'delete', 'al-1'));

  it('that are aliases, strays and placeholders reports each as what it is', async () => {
    run('touch', '/run/netns/al-1-alias', '/run/netns/al-placeholder', '/run/netns/al-uts');
    run('mount', '--bind', '/run/netns/al-1', '/run/netns/al-1-alias');
    run('mount', '--bind', '/proc/self/ns/uts', '/run/netns/al-uts');
    mkdirSync('/run/netns/al-folder');
    await eventually(async () => {
      expect((await line('al-1-alias'))?.state).toBe('alias');
      expect((await line('al-uts'))?.state).toBe('stray');
      expect((await line('al-placeholder'))?.state).toBe('placeholder');
      expect((await line('al-folder'))?.state).toBe('stray');
    });
    for (const name of ['al-1-alias', 'al-uts']) run('umount', `/run/netns/${name}`);
    for (const name of ['al-1-alias', 'al-uts', 'al-placeholder', 'al-folder']) {
      rmSync(`/run/netns/${name}`, { recursive: true });
    }
  });

  it('that another mount covers programs neither namespace', async () => {
    run('ip', 'netns', 'add', 'al-low');
    await enforced('al-low');
    const low = inodeOf('al-low');
    const high = spawn('unshare', ['--net', 'sleep', '1000'], { stdio: 'ignore' });
    await eventually(() => run('mount', '--bind', `/proc/${high.pid ?? 0}/ns/net`, '/run/netns/al-low'));
    await eventually(async () => expect((await line('al-low'))?.state).toBe('shadowed'));
    expect(bound(inodeOf('al-low'))).toBeUndefined();
    expect(bound(low)).toBeDefined();
    run('umount', '/run/netns/al-low');
    await eventually(async () => expect((await line('al-low'))?.state).toBe('ready'));
    high.kill('SIGKILL');
    run('ip', 'netns', 'delete', 'al-low');
  });

  it('that go while something keeps the namespace alive goes on enforcing', async () => {
    run('ip', 'netns', 'add', 'al-gone');
    const digest = await enforced('al-gone');
    const inode = inodeOf('al-gone');
    const inside = spawn('ip', ['netns', 'exec', 'al-gone', 'sleep', '1000'], { stdio: 'ignore' });
    try {
      await eventually(() => expect(statSync(`/proc/${inside.pid ?? 0}/ns/net`).ino).toBe(inode));
      run('ip', 'netns', 'delete', 'al-gone');
      await eventually(async () => expect((await line(`inode:${inode}`))?.state).toBe('lingering'));
      expect(bound(inode)).toBe(digest);
    } finally {
      inside.kill('SIGKILL');
    }
    await eventually(() => expect(bound(inode)).toBeUndefined());
    await eventually(async () => expect(await line(`inode:${inode}`)).toBeUndefined());
  });

  it('of processes that a policy names enforces there', async () => {
    const inside = spawn('unshare', ['--net', 'sleep', '1000'], { stdio: 'ignore' });
    await host.agent?.end();
    await host.desire(policyOf('al', 'al-*', 20), policyOf('process', `pid:${inside.pid ?? 0}`, 3));
    host.startAgent();
    await eventually(() => expect(bound(statSync(`/proc/${inside.pid ?? 0}/ns/net`).ino)).toBeDefined());
    await eventually(async () =>
      expect((await line(`pid:${inside.pid ?? 0}`))?.policies[0]?.state).toBe('enforced'),
    );
    inside.kill('SIGKILL');
    await eventually(async () => expect(await line(`pid:${inside.pid ?? 0}`)).toBeUndefined());
  });

  it('whose folder is covered and comes back lets go of nothing', async () => {
    const inode = inodeOf('al-1');
    run('mount', '-t', 'tmpfs', 'none', '/run/netns');
    await sleep(3000);
    expect(bound(inode)).toBeDefined();
    run('umount', '/run/netns');
    await eventually(async () => expect((await line('al-1'))?.state).toBe('ready'));
  });
});

describe('fifty namespaces that are made at once', () => {
  const all = Array.from({ length: 50 }, (_, n) => `al-many-${n}`);

  it('are all enforced, by one ruleset', async () => {
    await restart();
    run('sh', '-c', `${all.map((name) => `ip netns add ${name} &`).join(' ')} wait`);
    const digests = new Set(await Promise.all(all.map(enforced)));
    expect(digests.size).toBe(1);
    expect(withDevice((device) => device.info())).toMatchObject({ bindings: 50, rulesets: 1 });
    for (const name of all) run('ip', 'netns', 'delete', name);
    await eventually(() => expect(withDevice((device) => device.info().bindings)).toBe(0));
  });
});

describe('a namespace that is born under the inode of one that has died', () => {
  it('gets neither its rules nor its counters, and is told by its own birth', async () => {
    await host.desire(policyOf('al', 'al-*', 20), policyOf('other', 'ot-*', 5));
    await restart();
    for (let round = 0; ; round++) {
      const before = Namespace.add(`al-${round}`, 71);
      const digest = await enforced(before.name);
      before.ping(3);
      const { inode } = before;
      expect(listed(inode)?.totals.seen).toBeGreaterThan(0n);
      before.delete();
      await eventually(() => expect(listed(inode)).toBeUndefined());
      const after = Namespace.add(`ot-${round}`, 71);
      await enforced(after.name);
      const isRecycled = after.inode === inode;
      if (isRecycled) {
        expect(bound(inode)).not.toBe(digest);
        expect((await line(after.name))?.birth).toBe(String(listed(inode)?.birth));
        const { bindings } = withDevice((device) => device.stats(0n));
        const living = bindings.filter((one) => one.inode === inode && !one.ended);
        expect(living.flatMap(({ rules }) => rules.filter(({ packets }) => packets > 0n))).toEqual([]);
      }
      after.delete();
      if (isRecycled) return;
      expect(round).toBeLessThan(100);
    }
  });

  it('is bound also where it has the same name', async () => {
    run('ip', 'netns', 'add', 'al-again');
    const births = new Set<bigint | undefined>();
    const inodes = new Set<number>();
    for (let round = 0; inodes.size === round; round++) {
      await enforced('al-again');
      births.add(listed(inodeOf('al-again'))?.birth);
      inodes.add(inodeOf('al-again'));
      expect(births.size).toBe(round + 1);
      expect(round).toBeLessThan(100);
      run('ip', 'netns', 'delete', 'al-again');
      run('ip', 'netns', 'add', 'al-again');
    }
    await enforced('al-again');
    run('ip', 'netns', 'delete', 'al-again');
  });
});

describe('a folder of names that the host sets', () => {
  const FOLDER = '/run/own-names';
  const two = ['fo-one', 'fo-two'] as const;

  /** Gives a namespace a name in the folder. */
  function mount(namespace: string, name: string): void {
    writeFileSync(`${FOLDER}/${name}`, '');
    run('mount', '--bind', `/run/netns/${namespace}`, `${FOLDER}/${name}`);
  }

  beforeAll(async () => {
    // Nothing is bound to them under these names.
    for (const name of two) run('ip', 'netns', 'add', name);
    await host.desire(policyOf('web', 'web', 7));
    await restart('--netns-dir', FOLDER);
  });
  afterAll(() => {
    for (const name of two) run('ip', 'netns', 'delete', name);
  });

  it('may be missing, which is said, and appear later', async () => {
    await eventually(() => expect(host.agent?.log).toContain('the folder of namespaces is not there'));
    mkdirSync(FOLDER);
    mount('fo-one', 'web');
    await eventually(() => expect(bound(inodeOf('fo-one'))).toBeDefined());
    expect(bound(inodeOf('fo-two'))).toBeUndefined();
  });

  it('may be replaced: its names stand for what they show there then, and nothing is let go', async () => {
    renameSync(FOLDER, `${FOLDER}-before`);
    mkdirSync(FOLDER);
    mount('fo-two', 'web');
    await eventually(() => expect(bound(inodeOf('fo-two'))).toBeDefined());
    expect((await line('web'))?.inode).toBe(inodeOf('fo-two'));
    expect(bound(inodeOf('fo-one'))).toBeDefined();
    run('umount', `${FOLDER}-before/web`);
    rmSync(`${FOLDER}-before`, { recursive: true });
  });

  it('may go, and nothing is let go with it', async () => {
    run('umount', `${FOLDER}/web`);
    rmSync(FOLDER, { recursive: true });
    await eventually(async () => expect(await line('web')).toBeUndefined());
    expect(bound(inodeOf('fo-two'))).toBeDefined();
  });

  it('may hold links, each of which is what it points to', async () => {
    mkdirSync(FOLDER);
    symlinkSync('/run/netns/fo-one', `${FOLDER}/web`);
    await eventually(async () => expect((await line('web'))?.inode).toBe(inodeOf('fo-one')));
    symlinkSync('/run/netns/fo-two', `${FOLDER}/next`);
    renameSync(`${FOLDER}/next`, `${FOLDER}/web`);
    await eventually(async () => expect((await line('web'))?.inode).toBe(inodeOf('fo-two')));
    symlinkSync('/nowhere', `${FOLDER}/next`);
    renameSync(`${FOLDER}/next`, `${FOLDER}/web`);
    await eventually(async () => expect((await line('web'))?.state).toBe('stray'));
    for (const name of two) expect(bound(inodeOf(name))).toBeDefined();
    rmSync(FOLDER, { recursive: true });
  });
});

function listed(inode: number): ListedNamespace | undefined {
  return withDevice((device) => device.list()).namespaces.find((one) => one.inode === inode);
}
