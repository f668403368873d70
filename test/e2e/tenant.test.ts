/**
 * What tenants can do about the rules of their own namespace, tried by themselves: root of a container that shares the host's users, root of a
 * user namespace, and root of one inside of that. See docs/THREAT_MODEL.md.
 */
import { closeSync, openSync, statSync } from 'node:fs';
import {
  encodeCommit,
  Hook,
  Setting,
  type CommitObject,
  type ListedNamespace,
  type Rule,
} from '../../agent/src/kernel-device';
import { AgentHost, policyOf, withDevice } from '../bench/guest/agent-host';
import { askForStatus } from '../../agent/src/local-api/local-server';
import { run } from './harness/command';
import { eventually } from './harness/eventually';
import { loadModule, unloadModule } from './harness/kernel-module';
import { Namespace } from './harness/namespace';
import { bind, dropPing, dropUdp, put, rulesetOf } from './harness/rules';
import { attempt, Tenant, type Inherited, type NestedNamespace } from './harness/tenant';

const dropPingOut: Rule = { ...dropPing(2n), hook: Hook.OUTPUT };
const noPing = rulesetOf(dropPing(), dropPingOut);
const HOST = '10.9.21.1';
const PING = `ping -n -q -c 2 -i 0.2 -W 1 ${HOST}`;

let tenant: Tenant;

async function moveIn(): Promise<void> {
  tenant = await Tenant.start('tenant', 21);
  commit(put(noPing), bind(tenant.namespace, noPing));
}

beforeAll(() => {
  for (const name of ['macvlan', 'ipvlan']) run('modprobe', name);
  loadModule();
});
afterAll(() => unloadModule());

function commit(...objects: CommitObject[]): void {
  withDevice((device) => device.commit(objects));
}

function listed({ inode }: { inode: number }): ListedNamespace | undefined {
  return withDevice((device) => device.list().namespaces.find((one) => one.inode === inode));
}

function packetsOfRule({ inode }: { inode: number }, id: bigint): bigint {
  const { bindings } = withDevice((device) => device.stats(0n));
  const rules = bindings.find((one) => one.inode === inode)?.rules ?? [];
  return rules.find((rule) => rule.id === id)?.packets ?? 0n;
}

/** That the link works is seen by what the rules let pass. */
function expectRulesToHold(): void {
  const { namespace } = tenant;
  expect(listed(namespace)?.binding?.digest).toBe(noPing.digest);
  expect([namespace.answersPing(), namespace.answersPing(namespace.address6)]).toEqual([false, true]);
}

const CONTAINER = ['unshare', '--mount', '--pid', '--fork', '--mount-proc'];
const NETWORK_ONLY = ['setpriv', '--bounding-set', '-all,+net_admin,+net_raw', '--inh-caps', '-all'];
const inNamespace = (): string[] => ['ip', 'netns', 'exec', 'tenant'];

/** What puts a command into each one's place. */
const tenants: [string, () => string[]][] = [
  ["root in the namespace, with the host's users", inNamespace],
  ['root in it, with mounts and processes of his own', () => [...inNamespace(), ...CONTAINER]],
  [
    'root of a container with the capabilities for networks',
    () => [...inNamespace(), ...CONTAINER, ...NETWORK_ONLY],
  ],
  [
    "root of a user namespace whose files are those of the host's root",
    () => [...inNamespace(), ...CONTAINER, 'unshare', '--user', '--map-root-user'],
  ],
  ['root of a user namespace that owns it', () => tenant.enter],
  ['root of a user namespace inside of that', () => [...tenant.enter, 'unshare', '-Urn']],
];
/** Who has every right on the host needs no gap to get out. */
const confined = tenants.slice(2);

/** By the module, or before it by the file's permissions. */
const REFUSED = /Operation not permitted|Permission denied/;

describe.each(tenants)('%s', (_who, enter) => {
  beforeAll(moveIn);
  afterAll(() => tenant.end());

  const sh = (script: string, inherited?: Inherited): ReturnType<typeof attempt> =>
    attempt([...enter(), 'sh', '-c', script], inherited);

  it('cannot open the device', () => {
    const { status, output } = sh('exec 3<>/dev/nsgate');
    expect(status).not.toBe(0);
    expect(output).toMatch(REFUSED);
  });

  it('cannot see rules', () => {
    expect(sh('cat /proc/nsgate')).toMatchObject({
      status: 1,
      output: expect.stringMatching(REFUSED) as string,
    });
    const seen = sh('nft list ruleset; iptables-save; ip6tables-save; cat /proc/net/netfilter/*').output;
    expect(seen).not.toMatch(new RegExp(`nsgate|${noPing.digest.slice(0, 12)}`));
  });

  it('can do nothing with a descriptor that root opened and left to him', () => {
    const unbind = encodeCommit(1n, [{ type: 'unbind', inode: tenant.namespace.inode, birth: 0n }]);
    const descriptor = openSync('/dev/nsgate', 'r+');
    try {
      const written = sh('cat >&3', { input: unbind, descriptor });
      expect(written).toMatchObject({ status: 1, output: expect.stringMatching(REFUSED) as string });
      const read = sh('cat <&3', { descriptor });
      expect(read).toMatchObject({ status: 1, output: expect.stringMatching(REFUSED) as string });
    } finally {
      closeSync(descriptor);
    }
    expectRulesToHold();
  });

  it('removes nothing by nft, iptables and ip', () => {
    sh(`
      nft flush ruleset
      for command in iptables ip6tables; do
        for table in raw mangle nat filter; do $command -w -t $table -F; $command -w -t $table -X; done
      done
      ip xfrm policy flush; tc qdisc del dev ${tenant.link} root`);
    expectRulesToHold();
  });
});

describe.each(confined)('%s', (_who, enter) => {
  beforeAll(moveIn);
  afterAll(() => tenant.end());

  it('cannot unload the module', () => {
    expect(attempt([...enter(), 'rmmod', 'nsgate'])).toMatchObject({ status: 1 });
    expectRulesToHold();
  });

  it("cannot go to the host's namespace, also if it is left open to him", () => {
    const descriptor = openSync('/proc/1/ns/net', 'r');
    try {
      const { status, output } = attempt([...enter(), 'nsenter', '--net=/proc/self/fd/3', 'true'], {
        descriptor,
      });
      expect(status).not.toBe(0);
      expect(output).toMatch(REFUSED);
    } finally {
      closeSync(descriptor);
    }
  });

  it('cannot put another namespace under a name of the host', () => {
    const other = Namespace.add('other', 22);
    const { inode } = other;
    try {
      const script =
        'umount /run/netns/other; rm -f /run/netns/other; mount --bind /proc/self/ns/net /run/netns/other';
      attempt([...enter(), 'sh', '-c', script]);
      expect(statSync('/run/netns/other').ino).toBe(inode);
    } finally {
      other.delete();
    }
  });
});

describe('a namespace that a tenant makes inside of his', () => {
  let nested: NestedNamespace;
  beforeEach(moveIn);
  afterEach(async () => {
    await tenant.end();
    setQuarantine(false);
  });

  function setQuarantine(on: boolean): void {
    commit({ type: 'setting', setting: Setting.QUARANTINE, value: on ? 1n : 0n });
  }

  async function nest({ quarantine }: { quarantine: boolean }): Promise<void> {
    setQuarantine(quarantine);
    nested = await tenant.nest();
  }

  it('is another namespace: no rule of the outer one acts in it', async () => {
    await nest({ quarantine: false });
    expect(listed(nested)).toMatchObject({ binding: undefined, quarantined: false });
    nested.run('ip link set lo up; ping -n -q -c 1 -W 1 127.0.0.1');
  });

  it('is in quarantine from its birth where that is on', async () => {
    await nest({ quarantine: true });
    expect(listed(nested)).toMatchObject({ binding: undefined, quarantined: true });
    expect(nested.exec('ip link set lo up; ping -n -q -c 1 -W 1 127.0.0.1').status).not.toBe(0);
  });

  it("meets the outer one's rules on what it sends by way of it", async () => {
    await nest({ quarantine: false });
    tenant.run('ip link add up0 type veth peer name down0');
    nested.take('down0');
    tenant.run(
      'ip address add 10.10.0.1/24 dev up0; ip link set up0 up; echo 1 >/proc/sys/net/ipv4/ip_forward',
    );
    nested.run(
      'ip address add 10.10.0.2/24 dev down0; ip link set down0 up; ip route add default via 10.10.0.1',
    );
    run('ip', 'route', 'add', '10.10.0.0/24', 'via', tenant.namespace.address);
    nested.run(PING);
    const forward = rulesetOf({ ...dropPing(3n), hook: Hook.FORWARD });
    commit(put(forward), bind(tenant.namespace, forward));
    expect(nested.exec(PING).status).not.toBe(0);
    expect(packetsOfRule(tenant.namespace, 3n)).toBe(2n);
  });

  /** What gives it a way to the host that does not lead through the outer one's IP layer. */
  const ways: [string, () => void][] = [
    ['the link, which it takes along', () => nested.take(tenant.link)],
    ['a macvlan on the link', () => takeNew('macvlan mode bridge')],
    ['an ipvlan on the link', () => takeNew('ipvlan mode l2')],
  ];

  function takeNew(type: string): void {
    tenant.run(`ip link add link ${tenant.link} name own0 type ${type}`);
    nested.take('own0');
  }

  function useTheWay(): ReturnType<typeof attempt> {
    return nested.exec(`
      device=$(ip -o link | sed -n 's/^[0-9]*: \\(tenantn\\|own0\\)@.*/\\1/p')
      ip link set lo up; ip address add 10.9.21.3/24 dev $device; ip link set $device up
      ${PING}`);
  }

  it.each(ways)('gets past the rules by %s, without quarantine', async (_way, open) => {
    await nest({ quarantine: false });
    open();
    expect(useTheWay()).toMatchObject({ status: 0 });
    expect(packetsOfRule(tenant.namespace, 2n)).toBe(0n);
  });

  it.each(ways)('gets nowhere by %s, in quarantine', async (_way, open) => {
    await nest({ quarantine: true });
    open();
    expect(useTheWay().status).not.toBe(0);
    expect(listed(nested)?.quarantineDropped).toBeGreaterThan(0n);
  });

  it('leads back to the outer one, and to its rules', async () => {
    await nest({ quarantine: false });
    const back = nested.exec(`nsenter --net=/proc/1/ns/net ${PING}`);
    expect(back.status).not.toBe(0);
    expect(packetsOfRule(tenant.namespace, 2n)).toBe(2n);
  });

  it('stays in quarantine, whatever the agent does, since the tenant can give it no name', async () => {
    const host = await AgentHost.make();
    try {
      await host.desire(policyOf('tenants', 'tenant', 5));
      host.startAgent('--quarantine', 'on');
      await eventually(() => expect(withDevice((device) => device.info().quarantine)).toBe(true));
      nested = await tenant.nest();
      nested.exec('touch /run/netns/mine; mount --bind /proc/self/ns/net /run/netns/mine');
      // What another program has changed has the agent look at everything.
      const { inode } = tenant.namespace;
      commit({ type: 'unbind', inode, birth: 0n });
      await eventually(() => expect(listed(tenant.namespace)?.binding).toBeDefined());
      await eventually(async () => {
        const { namespaces } = await askForStatus(host.socket);
        const line = namespaces.find((one) => one.inode === nested.inode);
        expect(line).toMatchObject({ name: `inode:${nested.inode}`, state: 'quarantined' });
      });
      nested.take(tenant.link);
      expect(useTheWay().status).not.toBe(0);
    } finally {
      await host.stop();
    }
  });
});

describe('frames that a tenant hands straight to a device', () => {
  let gate: Namespace;
  beforeEach(async () => {
    await moveIn();
    gate = Namespace.add('gate', 23);
    run(
      'ip',
      'link',
      'add',
      'gate0',
      'netns',
      'gate',
      'type',
      'veth',
      'peer',
      'name',
      'gate1',
      'netns',
      'tenant',
    );
    run('ip', '-n', 'gate', 'address', 'add', '10.11.0.1/24', 'dev', 'gate0');
    run('ip', '-n', 'gate', 'link', 'set', 'gate0', 'up');
    tenant.run('ip address add 10.11.0.2/24 dev gate1; ip link set gate1 up');
  });
  afterEach(async () => {
    gate.delete();
    await tenant.end();
  });

  const PORT = 4000;
  const dropUdpOut: Rule = { ...dropUdp(5n, PORT, PORT), hook: Hook.OUTPUT };

  it('are past the rules of his namespace, and meet those of the one that they arrive in', () => {
    const [out, into] = [rulesetOf(dropUdpOut), rulesetOf(dropUdp(6n, PORT, PORT))];
    commit(put(out), put(into), bind(tenant.namespace, out), bind(gate, into));
    const plain = attempt([...tenant.enter, 'bash', '--norc', '-c', `echo x >/dev/udp/10.11.0.1/${PORT}`]);
    expect(plain.output).toContain('Operation not permitted');
    expect([packetsOfRule(tenant.namespace, 5n), packetsOfRule(gate, 6n)]).toEqual([1n, 0n]);
    sendFrame();
    expect([packetsOfRule(tenant.namespace, 5n), packetsOfRule(gate, 6n)]).toEqual([1n, 1n]);
  });

  /** One UDP datagram from 10.11.0.2 to 10.11.0.1, through a packet socket. */
  function sendFrame(): void {
    const mac = (namespace: string, device: string): string =>
      run('ip', 'netns', 'exec', namespace, 'cat', `/sys/class/net/${device}/address`)
        .trim()
        .replaceAll(':', '');
    const udp = Buffer.from([0x10, 0, PORT >> 8, PORT & 255, 0, 9, 0, 0, 0x78]);
    const ip = Buffer.from([
      0x45,
      0,
      0,
      20 + udp.length,
      0,
      1,
      0,
      0,
      64,
      17,
      0,
      0,
      10,
      11,
      0,
      2,
      10,
      11,
      0,
      1,
    ]);
    ip.writeUInt16BE(checksum(ip), 10);
    const ethernet = Buffer.from(`${mac('gate', 'gate0')}${mac('tenant', 'gate1')}0800`, 'hex');
    const frame = Buffer.concat([ethernet, ip, udp]).toString('hex');
    const index = parseInt(tenant.run('ip -o link show gate1'), 10);
    tenant.run(`perl -e '
      socket(my $socket, 17, 3, 0) or die "socket: $!";
      my $to = pack("S n i S C C a8", 17, 0x0800, ${index}, 0, 0, 6, "");
      send($socket, pack("H*", "${frame}"), 0, $to) or die "send: $!"'`);
  }
});

/** Of an IPv4 header (RFC 1071). */
function checksum(header: Buffer): number {
  let sum = 0;
  for (let at = 0; at < header.length; at += 2) sum += header.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
