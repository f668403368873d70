/** The kernel module by itself, through /dev/nsgate, /proc/nsgate and its parameter. */
import { closeSync, openSync, readFileSync, readSync, statSync, writeSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { constants } from 'node:os';
import {
  ABI,
  Action,
  Family,
  Field,
  Hook,
  Op,
  openKernelDevice,
  SIZE,
  type KernelDevice,
  type ListedNamespace,
  type RefusalDetail,
} from '../../agent/src/kernel-device';
import { decodeHeader, decodeRefusal } from '../../agent/src/kernel-device/decode-reply';
import { outcomeOf, run } from './harness/command';
import { eventually } from './harness/eventually';
import { loadModule, unloadModule } from './harness/kernel-module';
import { Namespace } from './harness/namespace';
import { bind, dropPing, dropPing6, dropUdp, put, rulesetOf } from './harness/rules';

let a: Namespace;
let b: Namespace;

beforeAll(() => {
  a = Namespace.add('mod-a', 1);
  b = Namespace.add('mod-b', 2);
});
afterAll(() => [a, b].forEach((namespace) => namespace.delete()));

beforeEach(() => loadModule());
afterEach(() => unloadModule());

/** Uses the device and lets go of it: while it is open the module cannot be unloaded. */
function withDevice<T>(use: (device: KernelDevice) => T): T {
  const device = openKernelDevice();
  try {
    return use(device);
  } finally {
    device.close();
  }
}

function listed({ inode }: Namespace): ListedNamespace | undefined {
  return withDevice((device) => device.list().namespaces.find((one) => one.inode === inode));
}

function packetsOfRule({ inode }: Namespace, id: bigint): bigint {
  const { bindings } = withDevice((device) => device.stats(0n));
  const rules = bindings.find((one) => one.inode === inode)?.rules ?? [];
  return rules.find((rule) => rule.id === id)?.packets ?? 0n;
}

describe('a ruleset bound to a namespace', () => {
  const noPing = rulesetOf(dropPing(), dropPing6());

  it('acts in that namespace and nowhere else', () => {
    withDevice((device) => device.commit([put(noPing), bind(a, noPing)]));
    expect([a.answersPing(), a.answersPing(a.address6)]).toEqual([false, false]);
    expect([b.answersPing(), b.answersPing(b.address6), b.pingsOut()]).toEqual([true, true, true]);
  });

  it('counts exactly the packets that its rules match', () => {
    withDevice((device) => device.commit([put(noPing), bind(a, noPing)]));
    a.ping(7);
    a.ping(3, a.address6);
    expect([packetsOfRule(a, 1n), packetsOfRule(a, 2n)]).toEqual([7n, 3n]);
    expect(listed(a)?.totals.dropped).toBe(10n);
  });

  it('matches ports from the first to the last of a range', () => {
    const ports = rulesetOf(dropUdp(5n, 1000, 1001));
    withDevice((device) => device.commit([put(ports), bind(a, ports)]));
    for (const port of [999, 1000, 1001, 1002]) {
      run('bash', '--norc', '-c', `echo x >/dev/udp/${a.address}/${port}`);
    }
    expect(packetsOfRule(a, 5n)).toBe(2n);
  });

  it('is held once for all namespaces that it is bound to, counted apart', () => {
    withDevice((device) => device.commit([put(noPing), bind(a, noPing), bind(b, noPing)]));
    a.ping(2);
    b.ping(5);
    expect([packetsOfRule(a, 1n), packetsOfRule(b, 1n)]).toEqual([2n, 5n]);
    expect(withDevice((device) => device.list().rulesets)).toMatchObject([
      { digest: noPing.digest, bindings: 2 },
    ]);
  });

  it('is replaced without losing the counts of rules that stay', () => {
    const more = rulesetOf(dropUdp(9n, 53, 53), dropPing(), dropPing6());
    withDevice((device) => device.commit([put(noPing), bind(a, noPing)]));
    a.ping(4);
    withDevice((device) =>
      device.commit([put(more), bind(a, more), { type: 'ruleset-drop', digest: noPing.digest }]),
    );
    a.ping(2);
    expect(packetsOfRule(a, 1n)).toBe(6n);
  });

  it('is left as it is by a commit that would change nothing', () => {
    const generation = withDevice((device) => device.commit([put(noPing), bind(a, noPing)]));
    const before = listed(a);
    a.ping(3);
    expect(withDevice((device) => device.commit([put(noPing), bind(a, noPing)]))).toBe(generation);
    expect(listed(a)?.binding).toEqual(before?.binding);
    expect(packetsOfRule(a, 1n)).toBe(3n);
  });

  it('is let go of by an unbind', () => {
    withDevice((device) => device.commit([put(noPing), bind(a, noPing)]));
    withDevice((device) => device.commit([{ type: 'unbind', inode: a.inode, birth: 0n }]));
    expect(a.answersPing()).toBe(true);
  });

  it('is classified against as packets are', () => {
    withDevice((device) => device.commit([put(noPing), bind(a, noPing)]));
    const packet = {
      inode: a.inode,
      hook: Hook.INPUT,
      family: Family.IPV4,
      source: Buffer.from([10, 9, 1, 1]),
    };
    const ask = (protocol: number) =>
      withDevice((device) =>
        device.classify({ ...packet, destination: Buffer.from([10, 9, 1, 2]), protocol, icmpType: 8 }),
      );
    expect(ask(1)).toMatchObject({ verdict: Action.DROP, rule: { id: 1n, index: 0 }, digest: noPing.digest });
    expect(ask(6)).toMatchObject({ verdict: Action.ACCEPT, rule: undefined });
  });
});

describe('the end of a namespace', () => {
  const noPing = rulesetOf(dropPing());

  it('ends its binding, and the next namespace of that name starts clean', async () => {
    const first = Namespace.add('mod-c', 3);
    withDevice((device) => device.commit([put(noPing), bind(first, noPing)]));
    const birth = listed(first)?.birth ?? 0n;
    first.delete();
    await eventually(() => expect(withDevice((device) => device.info().bindings)).toBe(0));
    const second = Namespace.add('mod-c', 3);
    try {
      expect(second.answersPing()).toBe(true);
      expect(listed(second)?.binding).toBeUndefined();
      expect(listed(second)?.birth).not.toBe(birth);
      const stale = {
        type: 'bind' as const,
        inode: second.inode,
        birth,
        digest: noPing.digest,
        initial: false,
      };
      expect(() => withDevice((device) => device.commit([stale]))).toThrow(/ESTALE/);
    } finally {
      second.delete();
    }
  });
});

describe('a bad request', () => {
  const before = () => withDevice((device) => ({ ...device.info(), memory: 0n }));

  const { EINVAL, EOPNOTSUPP, EPROTONOSUPPORT } = constants.errno;
  const inHeader = (offset: number, error = EINVAL) => ({ error: -error, field: Field.REQUEST, offset });
  const inObject = (offset: number) => ({ error: -EINVAL, field: Field.OBJECT, offset });

  it.each([
    ['one byte', Buffer.from([0]), inHeader(0)],
    ['text', Buffer.from('drop everything, please\n'), inHeader(0)],
    ['zeros', Buffer.alloc(4096), inHeader(0)],
    ['noise', randomBytes(5000), inHeader(0)],
    ['a header that promises more', header({ length: 4096 }), inHeader(8)],
    ['a header that promises less', Buffer.concat([header(), Buffer.alloc(64)]), inHeader(8)],
    ['an operation that does not exist', header({ op: 999 }), inHeader(6, EOPNOTSUPP)],
    ['an ABI from the future', header({ op: Op.COMMIT, abi: ABI + 1 }), inHeader(4, EPROTONOSUPPORT)],
    ['a commit whose object overruns it', withObject(1, 1 << 20), inObject(28)],
    ['a commit whose object has no length', withObject(1, 0), inObject(28)],
    ['a commit with an object of no kind', withObject(4711, 8), inObject(24)],
  ])('of %s fails for that, is explained, and changes nothing', (_what, bytes, fault) => {
    const was = before();
    const refusal = refusalOf(bytes);
    expect(refusal).toMatchObject(fault);
    expect(refusal.reason).toMatch(/[a-z]{3,} [a-z]/);
    expect(before()).toEqual(was);
  });

  it('from a shell fails like any other bad write', () => {
    expect(outcomeOf('sh', '-c', 'echo garbage > /dev/nsgate')).toMatchObject({ status: 1 });
  });

  it('to bind the initial namespace by accident is refused', () => {
    const initial = { inode: statSync('/proc/self/ns/net').ino };
    const noPing = rulesetOf(dropPing());
    expect(() => withDevice((device) => device.commit([put(noPing), bind(initial, noPing)]))).toThrow(
      /EPERM/,
    );
    expect(withDevice((device) => device.info().rulesets)).toBe(0);
  });
});

describe('who may use the device', () => {
  it('is not root of a user namespace of its own', () => {
    const { status, output } = outcomeOf(
      'unshare',
      '--user',
      '--map-root-user',
      'bash',
      '-c',
      'exec 3<>/dev/nsgate',
    );
    expect(status).not.toBe(0);
    expect(output).toMatch(/not permitted|denied/);
  });

  it('is not root without CAP_NET_ADMIN', () => {
    const drop = ['--inh-caps=-net_admin', '--bounding-set=-net_admin'];
    expect(outcomeOf('setpriv', ...drop, 'sh', '-c', 'exec 3<>/dev/nsgate').status).not.toBe(0);
  });
});

describe('the list for a person', () => {
  it('is in /proc/nsgate, with *** behind the namespace of the parameter alone', () => {
    unloadModule();
    loadModule(`inode=${a.inode}`);
    const lines = readFileSync('/proc/nsgate', 'utf8').split('\n');
    const starred = lines.filter((line) => line.endsWith(' ***'));
    expect(starred).toHaveLength(1);
    expect(starred[0]).toContain(String(a.inode));
    expect(lines.some((line) => line.includes(String(b.inode)))).toBe(true);
  });

  it('goes to the kernel log when the module is loaded', () => {
    unloadModule();
    loadModule(`inode=${b.inode}`);
    const log = run('dmesg').split('\n');
    expect(
      log.filter((line) => line.includes(String(b.inode)) && line.trimEnd().endsWith('***')),
    ).not.toEqual([]);
  });

  it('shows which ruleset is bound where', () => {
    const noPing = rulesetOf(dropPing());
    withDevice((device) => device.commit([put(noPing), bind(a, noPing)]));
    const line = readFileSync('/proc/nsgate', 'utf8')
      .split('\n')
      .find((one) => one.includes(String(a.inode)));
    expect(line).toContain(noPing.digest.slice(0, 8));
  });
});

describe('unloading', () => {
  it('lets go of every namespace, under traffic', async () => {
    const noPing = rulesetOf(dropPing());
    withDevice((device) => device.commit([put(noPing), bind(a, noPing)]));
    const flood = a.pingInBackground();
    try {
      unloadModule();
      await eventually(() => expect(a.answersPing()).toBe(true));
    } finally {
      flood.kill();
    }
  });
});

/** Writes what the module has to refuse; gives the error, and what is told of it. */
function refusalOf(bytes: Buffer): RefusalDetail & { error: number } {
  const fd = openSync('/dev/nsgate', 'r+');
  try {
    expect(() => writeSync(fd, bytes)).toThrow();
    const buffer = Buffer.alloc(4096);
    const reply = buffer.subarray(0, readSync(fd, buffer));
    return { ...decodeRefusal(reply.subarray(SIZE.reply), ''), error: decodeHeader(reply).error };
  } finally {
    closeSync(fd);
  }
}

/** That of a request which is in order, but for what is given. */
function header(fault: { op?: number; abi?: number; length?: number } = {}): Buffer {
  const { op = Op.INFO, abi = ABI, length = SIZE.request } = fault;
  const bytes = Buffer.alloc(SIZE.request);
  bytes.write('NSGT', 'latin1');
  bytes.writeUInt16LE(abi, 4);
  bytes.writeUInt16LE(op, 6);
  bytes.writeUInt32LE(length, 8);
  return bytes;
}

function withObject(type: number, length: number): Buffer {
  const object = Buffer.alloc(8);
  object.writeUInt32LE(type, 0);
  object.writeUInt32LE(length, 4);
  return Buffer.concat([header({ op: Op.COMMIT, length: 32 }), object]);
}
