import { Action, ConnectionState, Family, Field, Hook, PacketFlag, SIZE } from './abi';
import { decodeEvents } from './decode-events';
import {
  decodeClassified,
  decodeCommitted,
  decodeHeader,
  decodeInfo,
  decodeListing,
  decodeRefusal,
  decodeStats,
} from './decode-reply';
import { describeOnLittleEndian, digest, golden, goldenNames } from './golden.testing';

const NO_TOTALS = {
  ...{ seen: 0n, accepted: 0n, dropped: 0n, rejected: 0n, malformed: 0n, shadow: 0n },
  defaulted: 0n,
};
const SOME_TOTALS = {
  ...{ seen: 123n, accepted: 100n, dropped: 20n, rejected: 3n, malformed: 1n, shadow: 9n },
  defaulted: 77n,
};
const NOWHERE = { object: undefined, rule: undefined, match: undefined, item: undefined };

interface GoldenReply {
  header: { op: number; error: number; tag: bigint };
  decode: (payload: Buffer) => unknown;
  content: unknown;
}

const REPLIES: Record<string, GoldenReply> = {
  'info-reply': {
    header: { op: 1, error: 0, tag: 0x2001n },
    decode: decodeInfo,
    content: {
      abiMin: 3,
      abiMax: 3,
      hooks: 0x1f,
      matchKinds: 0x1fffen,
      actions: 0x1e,
      ruleFlags: 3,
      instance: 0x0123456789abcdefn,
      generation: 42n,
      memory: 5000000000n,
      namespaces: 1003,
      bindings: 1000,
      rulesets: 7,
      sets: 3,
      quarantined: 2,
      quarantine: true,
      malformed: Action.DROP,
      version: '1.2.3',
    },
  },
  'commit-reply': { header: { op: 2, error: 0, tag: 0x2002n }, decode: decodeCommitted, content: 43n },
  'refusal-reply': {
    header: { op: 2, error: -22, tag: 0x2002n },
    decode: (payload) => decodeRefusal(payload, 'EINVAL'),
    content: {
      errno: 'EINVAL',
      object: 0,
      rule: 0,
      match: 4,
      item: 1,
      field: Field.MATCH_ITEM,
      offset: 188,
      reason: 'port range 443-80 ends before it begins',
    },
  },
  'refusal-header-reply': {
    header: { op: 0, error: -22, tag: 0n },
    decode: (payload) => decodeRefusal(payload, 'EINVAL'),
    content: {
      ...NOWHERE,
      errno: 'EINVAL',
      field: Field.REQUEST,
      offset: 0,
      reason: "shorter than a request's header",
    },
  },
  'list-reply': {
    header: { op: 3, error: 0, tag: 0x2003n },
    decode: decodeListing,
    content: {
      generation: 43n,
      namespaces: [
        {
          birth: 0x1122334455667788n,
          cookie: 1n,
          inode: 4026531840,
          initial: true,
          quarantined: false,
          binding: undefined,
          totals: NO_TOTALS,
          quarantineDropped: 0n,
        },
        {
          birth: 0x1122334455667789n,
          cookie: 17n,
          inode: 4026532177,
          initial: false,
          quarantined: false,
          binding: { digest: digest(0), epoch: 0x99aabbccddeeff01n },
          totals: SOME_TOTALS,
          quarantineDropped: 4n,
        },
        {
          birth: 0x112233445566778bn,
          cookie: 19n,
          inode: 4026532401,
          initial: false,
          quarantined: true,
          binding: undefined,
          totals: NO_TOTALS,
          quarantineDropped: 6000000000n,
        },
      ],
      rulesets: [
        { digest: digest(0), memory: 65536n, rules: 5, bindings: 1 },
        { digest: digest(0x20), memory: 4096n, rules: 0, bindings: 0 },
      ],
      sets: [
        {
          name: 'office/paris',
          version: 0x8877665544332211n,
          memory: 8192n,
          members4: 100,
          members6: 20,
          rulesets: 2,
        },
      ],
    },
  },
  'events-reply': {
    header: { op: 6, error: 0, tag: 0x2006n },
    decode: decodeEvents,
    content: {
      cursor: 54n,
      instance: 0x0123456789abcdefn,
      lost: 10n,
      events: [
        { type: 'born', number: 52n, time: 123456789012345n, birth: 0x112233445566778bn, inode: 4026532401 },
        {
          ...{ type: 'packet', number: 53n, time: 123456789012346n, birth: 0x1122334455667789n },
          ...{ inode: 4026532177, epoch: 0x99aabbccddeeff01n, ruleId: 101n, suppressed: 5000000000n },
          source: Buffer.from([192, 0, 2, 1]),
          destination: Buffer.from([198, 51, 100, 7]),
          ...{ length: 60, mark: 0x10, sourcePort: 40000, destinationPort: 443 },
          ...{ hook: Hook.INPUT, family: Family.IPV4, protocol: 6, verdict: Action.DROP },
          ...{ icmpType: 0, icmpCode: 0, tcpFlags: 2, state: ConnectionState.NEW },
          flags: PacketFlag.SHADOW | PacketFlag.MALFORMED,
          ...{ inInterface: 'eth0', outInterface: '' },
        },
        { type: 'died', number: 54n, time: 123456789012347n, birth: 0x112233445566778bn, inode: 4026532401 },
      ],
    },
  },
  'stats-reply': {
    header: { op: 4, error: 0, tag: 0x2004n },
    decode: decodeStats,
    content: {
      cursor: 0x7fffffff00000002n,
      lost: 3,
      bindings: [
        {
          birth: 0x1122334455667789n,
          epoch: 0x99aabbccddeeff01n,
          inode: 4026532177,
          ended: false,
          hooks: [NO_TOTALS, SOME_TOTALS, NO_TOTALS, NO_TOTALS, NO_TOTALS],
          rules: [
            { id: 101n, packets: 20n, bytes: 1680n, shadowPackets: 0n, lastHit: 123456n },
            {
              id: 103n,
              packets: 5000000000n,
              bytes: 420000000000n,
              shadowPackets: 5000000000n,
              lastHit: 123460n,
            },
          ],
        },
        {
          birth: 0x112233445566778an,
          epoch: 0x99aabbccddeeff02n,
          inode: 4026532289,
          ended: false,
          hooks: [NO_TOTALS, NO_TOTALS, NO_TOTALS, NO_TOTALS, { ...NO_TOTALS, seen: 7n, accepted: 7n }],
          rules: [],
        },
        {
          birth: 0x112233445566778cn,
          epoch: 0x99aabbccddeeff03n,
          inode: 4026532401,
          ended: true,
          hooks: [
            ...[NO_TOTALS, NO_TOTALS, { ...NO_TOTALS, seen: 10n, dropped: 10n, defaulted: 4n }],
            ...[NO_TOTALS, NO_TOTALS],
          ],
          rules: [{ id: 104n, packets: 6n, bytes: 504n, shadowPackets: 0n, lastHit: 123470n }],
        },
      ],
    },
  },
  'classify-reply': {
    header: { op: 5, error: 0, tag: 0x2005n },
    decode: decodeClassified,
    content: {
      verdict: Action.DROP,
      rule: { id: 101n, index: 0 },
      digest: digest(0),
      epoch: 0x99aabbccddeeff01n,
    },
  },
  'classify-unbound-reply': {
    header: { op: 5, error: 0, tag: 0x2005n },
    decode: decodeClassified,
    content: { verdict: Action.ACCEPT, rule: undefined, digest: undefined, epoch: 0n },
  },
};

// The files are those of a little-endian host, and the codec speaks the byte order of the host that it runs on.

describeOnLittleEndian('the golden replies of the ABI', () => {
  it('all have a case here', () => {
    expect(goldenNames('-reply')).toEqual(Object.keys(REPLIES).sort());
  });

  it.each(Object.entries(REPLIES))('%s is read as what it says', (name, { header, decode, content }) => {
    const reply = golden(name);
    expect(decodeHeader(reply)).toEqual({ abi: 3, length: reply.length, ...header });
    expect(decode(reply.subarray(SIZE.reply))).toEqual(content);
  });

  it.each(Object.entries(REPLIES))('%s cut short anywhere is malformed', (name, { decode }) => {
    const payload = golden(name).subarray(SIZE.reply);
    for (let length = 0; length < payload.length; length++) {
      expect(() => decode(payload.subarray(0, length))).toThrow('malformed reply');
    }
  });
});
