/** What a peer says over one connection: calls in HTTP/2 frames, and what becomes of them when some are tampered with. */
import fc from 'fast-check';
import type { DescMethod } from '../../../controller/src/operator-api/any-message.testing';
import { corrupted } from './corruption';
import { after, control, data, encoded, headers, settings, tampered, type RawFrame } from './frames';
import { headerBlocks } from './header-blocks';
import { messagesOf } from './messages';

/** As whom it comes: with a certificate of one kind or none, over the Unix socket, or over TCP without TLS. */
export const GUISES = ['host', 'operator', 'stranger', 'socket', 'no-tls'] as const;

export interface Conversation {
  readonly guise: (typeof GUISES)[number];
  /** Which of the hosts or operators, or from which address. */
  readonly number: number;
  readonly protocol: 'h2' | 'http/1.1' | undefined;
  /** Written one after the other, with a turn of the event loop between. */
  readonly parts: readonly Buffer[];
  /** Whether what the controller says is read. */
  readonly reads: boolean;
  /** Gone at once, or when there was time for an answer, or for many. */
  readonly ending: 'destroy' | 'half-close' | 'answer' | 'linger';
}

export const IDENTITIES = 16;
export const hostId = (number: number): string => `fuzz-${number}`;

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/** The paths of nothing, and of what is not ours. */
const PATHS = [
  '',
  '/',
  '//',
  '*',
  '/nsgate.v1.PolicyService',
  '/nsgate.v1.PolicyService/None',
  '/nsgate.v1.PolicyService/GetPolicy/',
  '/grpc.health.v1.Health/Check',
  '/grpc.health.v1.Health/Watch',
  '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
  '/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo',
  `/${'a'.repeat(9000)}/b`,
  '/\0/\xff',
];

export function anyConversation(methods: readonly DescMethod[]): fc.Arbitrary<Conversation> {
  const who = fc.record({
    guise: fc.oneof(
      { weight: 12, arbitrary: fc.constantFrom('host' as const, 'operator' as const) },
      { weight: 9, arbitrary: fc.constantFrom('stranger' as const, 'socket' as const) },
      { weight: 1, arbitrary: fc.constant('no-tls' as const) },
    ),
    number: fc.nat({ max: IDENTITIES - 1 }),
  });
  return who.chain(({ guise, number }) =>
    fc.record({
      guise: fc.constant(guise),
      number: fc.constant(number),
      protocol: rarely(fc.constantFrom('http/1.1' as const, undefined), 'h2' as const),
      parts: cut(speech(methods, hostId(number))),
      reads: rarely(fc.constant(false), true),
      ending: fc.constantFrom('destroy', 'half-close', 'answer', 'linger'),
    }),
  );
}

function rarely<Other, Usual>(otherwise: fc.Arbitrary<Other>, mostly: Usual): fc.Arbitrary<Other | Usual> {
  return fc.oneof<fc.MaybeWeightedArbitrary<Other | Usual>[]>(
    { weight: 12, arbitrary: fc.constant(mostly) },
    { weight: 1, arbitrary: otherwise },
  );
}

function speech(methods: readonly DescMethod[], host: string): fc.Arbitrary<Buffer> {
  const calls = fc
    .array(fc.oneof({ weight: 3, arbitrary: call(methods, host) }, { weight: 1, arbitrary: control }), {
      minLength: 1,
      maxLength: 5,
    })
    .map((lists) => lists.flatMap((frames, index) => onStream(frames, 2 * index + 1)));
  const begun = calls.map((frames) => [settings, ...frames]);
  const whole = fc.oneof(begun, tampered(begun), tampered(fc.tuple(begun, begun).map((two) => two.flat())));
  const spoken = whole.map((frames) => Buffer.concat([PREFACE, ...frames.map(encoded)]));
  return fc.oneof(
    { weight: 24, arbitrary: spoken },
    { weight: 3, arbitrary: corrupted(spoken) },
    { weight: 2, arbitrary: fc.uint8Array({ maxLength: 2000 }).map((garbage) => Buffer.from(garbage)) },
    {
      weight: 1,
      arbitrary: fc.constant(Buffer.from('POST / HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\n\r\n')),
    },
  );
}

/** Stream 1 stands for the call's own. */
function onStream(frames: readonly RawFrame[], stream: number): RawFrame[] {
  return frames.map((frame) => (frame.stream === 1 ? { ...frame, stream } : frame));
}

function call(methods: readonly DescMethod[], host: string): fc.Arbitrary<RawFrame[]> {
  const ours = fc.constantFrom(...methods).chain((method) => {
    const path = `/${method.parent.typeName}/${method.name}`;
    return fc.tuple(headerBlocks(path), messagesOf(method, host));
  });
  const others = fc
    .tuple(fc.constantFrom(...PATHS), fc.constantFrom(...methods))
    .chain(([path, method]) => fc.tuple(headerBlocks(path), messagesOf(method, host)));
  return fc
    .tuple(
      fc.oneof({ weight: 8, arbitrary: ours }, { weight: 1, arbitrary: others }),
      fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
      fc.array(after, { maxLength: 1 }),
    )
    .map(([[block, body], ends, more]) => [...headers(block), ...data(body, ends), ...more]);
}

/** Where TCP happens to cut it. */
function cut(bytes: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer[]> {
  const places = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 4 });
  return fc.tuple(bytes, places).map(([whole, list]) => {
    const ends = [...list].sort((a, b) => a - b).map((place) => Math.floor(place * whole.length));
    return [0, ...ends].map((start, index) => whole.subarray(start, ends[index] ?? whole.length));
  });
}
