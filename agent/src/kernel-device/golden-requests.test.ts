import { Action, ConnectionState, Family, Hook, MatchKind, RejectWith, Setting } from './abi';
import {
  encodeClassify,
  encodeCommit,
  encodeEvents,
  encodeInfo,
  encodeList,
  encodeStats,
} from './encode-request';
import { address6, describeOnLittleEndian, digest, golden, goldenNames } from './golden.testing';
import type { CommitObject, Rule } from './request';

const PORTS: Rule = {
  id: 101n,
  hook: Hook.INPUT,
  action: Action.COUNT,
  families: Family.IPV4,
  matches: [
    {
      kind: MatchKind.SRC4,
      items: [
        { address: Buffer.from([10, 0, 0, 0]), length: 8 },
        { address: Buffer.from([192, 0, 2, 1]), length: 32 },
      ],
    },
    {
      kind: MatchKind.DST4,
      negate: true,
      items: [{ address: Buffer.from([198, 51, 100, 0]), length: 24 }],
    },
    { kind: MatchKind.PROTOCOL, items: [6] },
    { kind: MatchKind.SPORT, negate: true, items: [{ first: 1024, last: 65535 }] },
    {
      kind: MatchKind.DPORT,
      items: [
        { first: 22, last: 22 },
        { first: 80, last: 443 },
      ],
    },
  ],
};

const REJECT: Rule = {
  id: 0xfedcba9876543210n,
  hook: Hook.FORWARD,
  action: Action.REJECT,
  rejectWith: RejectWith.TCP_RESET,
  families: Family.IPV4 | Family.IPV6,
  matches: [
    { kind: MatchKind.PROTOCOL, items: [6] },
    { kind: MatchKind.TCP_FLAGS, items: [{ mask: 0x12, value: 0x02 }] },
    { kind: MatchKind.IN_IF, items: ['eth*'] },
    { kind: MatchKind.OUT_IF, items: ['tun0'] },
  ],
};

const SHADOW: Rule = {
  id: 103n,
  hook: Hook.PREROUTING,
  action: Action.DROP,
  shadow: true,
  families: Family.IPV6,
  matches: [
    { kind: MatchKind.SRC6, items: [{ address: address6(0x2001, 0x0db8), length: 32 }] },
    { kind: MatchKind.DST6, items: [{ address: address6(), length: 0 }] },
    { kind: MatchKind.PROTOCOL, items: [58] },
    { kind: MatchKind.ICMP6, items: [{ type: 128, codeFirst: 0, codeLast: 255 }] },
  ],
};

const ICMP: Rule = {
  id: 104n,
  hook: Hook.OUTPUT,
  action: Action.ACCEPT,
  families: Family.IPV4,
  matches: [
    { kind: MatchKind.PROTOCOL, items: [1] },
    { kind: MatchKind.ICMP4, items: [{ type: 3, codeFirst: 2, codeLast: 3 }] },
    { kind: MatchKind.STATE, items: [ConnectionState.ESTABLISHED | ConnectionState.RELATED] },
    { kind: MatchKind.MARK, items: [{ value: 0x10, mask: 0xff }] },
  ],
};

const PROTOCOLS: Rule = {
  id: 105n,
  hook: Hook.POSTROUTING,
  action: Action.DROP,
  families: Family.IPV4 | Family.IPV6,
  log: { rate: 10, burst: 300 },
  matches: [{ kind: MatchKind.PROTOCOL, items: [17, 136, 33] }],
};

const OBJECTS: CommitObject[] = [
  {
    type: 'ruleset-put',
    digest: digest(0),
    ruleset: {
      defaultVerdicts: [Action.ACCEPT, Action.DROP, Action.ACCEPT, Action.ACCEPT, Action.ACCEPT],
      defaultLog: { rate: 1000, burst: 5 },
      rules: [PORTS, REJECT, SHADOW, ICMP, PROTOCOLS],
    },
  },
  { type: 'ruleset-drop', digest: digest(0x40) },
  { type: 'bind', inode: 4026532177, birth: 0n, digest: digest(0), initial: false },
  { type: 'bind', inode: 4026531840, birth: 0x1122334455667788n, digest: digest(0x20), initial: true },
  { type: 'unbind', inode: 4026532289, birth: 0x1122334455667799n },
];

const SETTINGS: CommitObject[] = [
  { type: 'setting', setting: Setting.QUARANTINE, value: 1n },
  { type: 'setting', setting: Setting.MALFORMED, value: BigInt(Action.DROP) },
  { type: 'release', inode: 4026532401, birth: 0x112233445566778bn },
];

const NONE = Buffer.alloc(0);
const TEN = [10, 0, 0, 0, 8];
const ONE = [192, 0, 2, 1, 32];
const SIX = Buffer.concat([address6(0x2001, 0x0db8), Buffer.from([32])]);

const IN_SETS: Rule = {
  id: 106n,
  hook: Hook.FORWARD,
  action: Action.ACCEPT,
  families: Family.IPV4 | Family.IPV6,
  matches: [
    { kind: MatchKind.SRC_SET, negate: true, items: ['a', 'office/paris'] },
    { kind: MatchKind.DST_SET, items: ['c/d'] },
  ],
};

const SETS: CommitObject[] = [
  {
    type: 'ruleset-put',
    digest: digest(0x60),
    ruleset: {
      defaultVerdicts: [Action.ACCEPT, Action.ACCEPT, Action.DROP, Action.ACCEPT, Action.ACCEPT],
      rules: [IN_SETS],
    },
  },
  {
    type: 'set-put',
    name: 'a',
    version: 0x8877665544332211n,
    members: { v4: Buffer.from([...TEN, ...ONE]), v6: SIX },
  },
  {
    type: 'set-delta',
    name: 'office/paris',
    from: 7n,
    version: 8n,
    add: { v4: Buffer.from(TEN), v6: NONE },
    remove: { v4: Buffer.from(ONE), v6: SIX },
  },
  { type: 'set-drop', name: 'c' },
];

const REQUESTS: Record<string, () => Buffer> = {
  'info-request': () => encodeInfo(0x1001n),
  'commit-request': () => encodeCommit(0x1002n, OBJECTS),
  'commit-settings-request': () => encodeCommit(0x1002n, SETTINGS),
  'commit-sets-request': () => encodeCommit(0x1002n, SETS),
  'events-request': () => encodeEvents(0x1006n, { cursor: 41n, instance: 0x0123456789abcdefn, signal: 23 }),
  'list-request': () => encodeList(0x1003n),
  'stats-request': () => encodeStats(0x1004n, 0x7fffffff00000001n),
  'classify-request': () =>
    encodeClassify(0x1005n, {
      inode: 4026532177,
      birth: 0x1122334455667789n,
      hook: Hook.INPUT,
      family: Family.IPV4,
      source: Buffer.from([192, 0, 2, 1]),
      destination: Buffer.from([198, 51, 100, 7]),
      protocol: 6,
      sourcePort: 40000,
      destinationPort: 443,
      tcpFlags: 0x02,
      state: ConnectionState.NEW,
      mark: 0x10,
      inInterface: 'eth0',
    }),
  'classify6-request': () =>
    encodeClassify(0x1005n, {
      inode: 4026532177,
      hook: Hook.OUTPUT,
      family: Family.IPV6,
      source: address6(0x2001, 0x0db8, 0, 0, 0, 0, 0, 1),
      destination: address6(0xff02, 0, 0, 0, 0, 0, 0, 1),
      protocol: 58,
      icmpType: 128,
      state: ConnectionState.UNTRACKED,
      outInterface: 'eth0',
    }),
};

describeOnLittleEndian('the golden requests of the ABI', () => {
  it('all have a case here', () => {
    expect(goldenNames('-request')).toEqual(Object.keys(REQUESTS).sort());
  });

  it.each(Object.entries(REQUESTS))('%s is what the codec writes', (name, encode) => {
    expect(encode().toString('hex')).toBe(golden(name).toString('hex'));
  });
});
