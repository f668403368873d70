/** The agent alone on a host: its real program on the real module, with what it is to enforce on disk and no controller anywhere. */
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Family, Hook } from '../../agent/src/kernel-device';
import { askForStatus } from '../../agent/src/local-api/local-server';
import type { NamespaceLine } from '../../agent/src/local-api/status';
import { AgentHost, policyOf, withDevice } from '../bench/guest/agent-host';
import { outcomeOf, run } from './harness/command';
import { eventually } from './harness/eventually';
import { loadModule, unloadModule } from './harness/kernel-module';
import { bound, enforcedIn, inodeOf, lineOf } from './harness/lone-agent';

const ONE_SECOND = 1000;
const PROGRAM = resolve(__dirname, '../../agent/dist/src/main.js');

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

const generation = (): bigint => withDevice((device) => device.info().generation);

/** `nsgate-agent <command>` as a person types it. */
function agentCommand(command: string, ...words: string[]): { status: number | null; output: string } {
  const settings = ['--socket', host.socket, '--state-dir', host.stateFolder];
  return outcomeOf(process.execPath, PROGRAM, command, ...words, ...settings);
}

async function restart(...settings: string[]): Promise<void> {
  await host.agent?.end();
  host.startAgent(...settings);
}

describe('an agent that boots with the controller away', () => {
  beforeAll(async () => {
    run('ip', 'netns', 'add', 'al-1');
    await host.desire(policyOf('al', 'al-*', 20), policyOf('process', 'pid:4711', 1));
    host.startAgent();
    await enforced('al-1');
  });
  afterAll(() => run('ip', 'netns', 'delete', 'al-1'));

  it('enforces what is on disk', async () => {
    expect((await line('al-1'))?.policies).toEqual([{ policy: 'policies/al', state: 'enforced' }]);
  });

  it('writes nothing to the kernel when it is started again and nothing has changed', async () => {
    const before = generation();
    await restart();
    await eventually(async () => expect((await line('al-1'))?.policies[0]?.state).toBe('enforced'));
    expect(generation()).toBe(before);
  });

  it('repairs within a second what another program changed, and says what it found', async () => {
    const digest = await enforced('al-1');
    const inode = inodeOf('al-1');
    withDevice((device) => device.commit([{ type: 'unbind', inode, birth: 0n }]));
    const start = performance.now();
    await eventually(() => expect(bound(inode)).toBe(digest));
    expect(performance.now() - start).toBeLessThan(ONE_SECOND);
    await eventually(() => expect(host.agent?.log).toContain('drift-repaired'));
  });

  it('programs everything anew within a second after the module was loaded again', async () => {
    // The agent opens the device for moments only, at one of which the module cannot go.
    await eventually(() => unloadModule());
    await eventually(() => expect(host.agent?.log).toContain('module-unusable'));
    loadModule();
    const start = performance.now();
    await eventually(() => expect(bound(inodeOf('al-1'))).toBeDefined());
    expect(performance.now() - start).toBeLessThan(ONE_SECOND);
    await eventually(() => expect(host.agent?.log).toContain('module-reloaded'));
  });

  it('ends in good order however early it is told to', async () => {
    for (const delayMs of [300, 1000, 2000]) {
      await host.agent?.end();
      host.startAgent();
      await sleep(delayMs);
      expect([0, null]).toContain(await host.agent?.end());
    }
    host.startAgent();
    await enforced('al-1');
  });

  describe('for the person on the host', () => {
    it('shows how it stands', async () => {
      await eventually(() => expect(agentCommand('status')).toMatchObject({ status: 0 }));
      const { output } = agentCommand('status');
      expect(output).toContain('policies/al: enforced');
      expect(output).toMatch(/enforced {4}1 bindings of 1 rulesets/);
    });

    it('says what is missing, and what to do', () => {
      const { status, output } = agentCommand('check', '--controller', '127.0.0.1:9');
      expect(status).toBe(1);
      expect(output).toMatch(/^ok {3}kernel module: .* 1 namespaces bound/m);
      expect(output).toMatch(/^FAIL controller 127\.0\.0\.1:9: .* → start it/m);
      const { output: before } = outcomeOf(process.execPath, PROGRAM, 'check', '--state-dir', '/run/not/yet');
      expect(before).toContain('ok   state folder: /run/not/yet is not there yet');
      expect(before).toMatch(/^FAIL --controller: there is none → name at least one controller/m);
    });

    const packet = ['al-1', 'input', 'tcp', '10.1.0.3:1', '10.9.9.9:1003'];

    it('explains what the live ruleset does with a packet', () => {
      expect(agentCommand('explain', ...packet).output).toMatch(
        /verdict {2}drop\nrule {5}r3\npolicy {3}policies\/al/,
      );
    });

    it.each([
      ['udp', '10.1.0.3:1', '10.9.9.9:1003'],
      ['tcp', '[2001:db8::1]:1234', '[::1]:443'],
      ['icmp', '10.1.0.3', '10.9.9.9'],
      ['icmpv6', 'fe80::1', 'ff02::1'],
    ])('explains a packet that no rule is about: %s %s %s', (...other) => {
      const { status, output } = agentCommand('explain', 'al-1', 'input', ...other);
      expect(output).toContain('verdict  accept\nrule     none: the default verdict');
      expect(status).toBe(0);
    });

    it.each([
      [['al-9', ...packet.slice(1)], 'no namespace has the name al-9'],
      [['al-1', 'sideways', ...packet.slice(2)], '"sideways" is no hook: prerouting, input'],
      [['al-1', 'input', 'tcp', '10.1.0.3:1', '[::1]:2'], 'source and destination are of two families'],
      [['al-1', 'input'], "missing required argument 'protocol' (see nsgate-agent explain --help)"],
    ])('says in one line what is wrong with %j', (words, reason) => {
      const { status, output } = agentCommand('explain', ...words);
      expect(output).toContain(reason);
      expect(output.trim().split('\n')).toHaveLength(1);
      expect(status).toBe(1);
    });

    it('runs no second time', () => {
      const { status, output } = agentCommand('run', '--controller', '127.0.0.1:9', '--host-id', 'bench');
      expect({ status, output }).toMatchObject({
        status: 1,
        output: expect.stringContaining('an agent is running already') as string,
      });
    });

    const file = (): string => join(host.stateFolder, 'agent.yaml');

    it('tells on loopback how it is, where its file of settings says so', async () => {
      writeFileSync(file(), 'label: { role: edge }\nmetrics-listen: 127.0.0.1:9464\n');
      await restart('--config', file());
      const page = async (path: string) => (await fetch(`http://127.0.0.1:9464/${path}`)).text();
      await eventually(async () => expect(await page('healthz')).toBe('ok\n'));
      await eventually(async () => expect(await page('metrics')).toContain('nsgate_agent_kernel_up 1'));
      await eventually(async () => expect(await page('status')).toBe('ask for /metrics or /healthz\n'));
    });

    it('reads its labels again at a signal, and goes on with those before when they are wrong', async () => {
      const hangUp = (settings: string): void => {
        writeFileSync(file(), settings);
        process.kill(host.agent?.pid ?? 0, 'SIGHUP');
      };
      const labels = async () => (await askForStatus(host.socket)).labels;
      await eventually(async () => expect(await labels()).toEqual({ role: 'edge' }));
      hangUp('label: { role: core, site: a }');
      await eventually(async () => expect(await labels()).toEqual({ role: 'core', site: 'a' }));
      hangUp('labl: { role: x }');
      await eventually(() => expect(host.agent?.log).toContain('there is no setting labl'));
      expect(await labels()).toEqual({ role: 'core', site: 'a' });
    });

    it('explains that with the agent stopped, and lets go of everything only then, and only when it is sure', async () => {
      expect(agentCommand('flush', '--yes')).toMatchObject({ status: 1 });
      await host.agent?.end();
      expect(agentCommand('explain', ...packet).output).toContain('policies/al');
      expect(agentCommand('flush')).toMatchObject({ status: 1 });
      expect(bound(inodeOf('al-1'))).toBeDefined();
      expect(agentCommand('flush', '--yes')).toMatchObject({ status: 0 });
      expect(withDevice((device) => device.info())).toMatchObject({ bindings: 0, rulesets: 0 });
      host.startAgent();
      await enforced('al-1');
    });
  });
});

describe('quarantine', () => {
  const ROUNDS = 10;
  it('lets nothing out of a namespace from its birth until its policy is in force', async () => {
    await host.desire(policyOf('al', 'q-new*', 5));
    await restart('--quarantine', 'on');
    await eventually(() => expect(withDevice((device) => device.info().quarantine)).toBe(true));
    for (let round = 0; round < ROUNDS; round++) {
      // Born, wired and sending before anybody could give it a name; what arrives is counted by another firewall.
      const script = `
        ip link add q0 type veth peer name q1
        ip link set q1 up; ip address add 10.8.0.1/24 dev q1
        iptables -w -t raw -F PREROUTING; iptables -w -t raw -A PREROUTING -i q1
        unshare --net sh -c 'nsenter -t 1 -n ip link set q0 netns $$
          ip link set q0 up; ip address add 10.8.0.2/24 dev q0
          ip neighbour add 10.8.0.1 lladdr $(nsenter -t 1 -n cat /sys/class/net/q1/address) dev q0
          ping -n -q -c 5 -i 0.01 -W 1 10.8.0.1 >/dev/null 2>&1; exit 0'
        iptables -w -t raw -L PREROUTING -v -x -n | awk '/q1/ {print $1}'
        ip link delete q1 2>/dev/null; exit 0`;
      expect(run('sh', '-c', script).trim()).toBe('0');
    }
    run('ip', 'netns', 'add', 'q-new');
    await enforced('q-new');
    run('ip', 'netns', 'add', 'q-other');
    await eventually(() => {
      const { namespaces } = withDevice((device) => device.list());
      const other = namespaces.find(({ inode }) => inode === inodeOf('q-other'));
      expect(other?.quarantined).toBe(false);
    });
    for (const name of ['q-new', 'q-other']) run('ip', 'netns', 'delete', name);
  });
});

describe('an agent that is killed again and again', () => {
  it('leaves the kernel with a state that was desired, whole', async () => {
    run('ip', 'netns', 'add', 'k-1');
    const states = [policyOf('k', 'k-*', 10), policyOf('k', 'k-*', 30)];
    const digests = new Set<string>();
    for (const state of states) {
      await host.desire(state);
      await restart('--quarantine', 'off');
      await eventually(() => {
        const digest = bound(inodeOf('k-1'));
        expect(digest !== undefined && !digests.has(digest)).toBe(true);
        digests.add(digest ?? '');
      });
    }
    for (let round = 0; round < 10; round++) {
      await host.agent?.end('SIGKILL');
      await host.desire(states[round % 2] ?? states[0]!);
      host.startAgent();
      await sleep(1500 + Math.random() * 2500);
      expect(digests).toContain(bound(inodeOf('k-1')));
    }
    run('ip', 'netns', 'delete', 'k-1');
  });
});

describe('a packet of a namespace that is bound', () => {
  it('is decided by the rules that are on disk', async () => {
    run('ip', 'netns', 'add', 'k-2');
    await host.desire(policyOf('k', 'k-*', 10));
    await restart();
    await enforced('k-2');
    const packet = {
      ...{ inode: inodeOf('k-2'), hook: Hook.INPUT, family: Family.IPV4, protocol: 6, destinationPort: 1004 },
      ...{ source: Buffer.from([10, 1, 0, 4]), destination: Buffer.from([10, 9, 9, 9]) },
    };
    expect(withDevice((device) => device.classify(packet)).rule?.index).toBe(4);
    run('ip', 'netns', 'delete', 'k-2');
  });
});
