/** gRPC messages, as they stand in DATA frames: requests of the API, and what only claims to be one. */
import { deflateSync, gzipSync } from 'node:zlib';
import { ConnectRequest, Hello } from '@nsgate/proto';
import fc from 'fast-check';
import { anyRequest, type DescMethod } from '../../../controller/src/operator-api/any-message.testing';
import { corrupted } from './corruption';

const DEPTH = 3;
const BOMB = gzipSync(Buffer.alloc(32 << 20));
const kept = new Map<DescMethod, fc.Arbitrary<Buffer>>();

/** What a client of the method sends over one stream. `host`: whom an agent says that it is. */
export function messagesOf(method: DescMethod, host: string): fc.Arbitrary<Buffer> {
  const some = fc.array(framed(requestOf(method)), { maxLength: 4 }).map((list) => Buffer.concat(list));
  if (method.methodKind === 'bidi_streaming') {
    return fc.oneof(
      some,
      some.map((rest) => Buffer.concat([greeting(host), rest])),
    );
  }
  return fc.oneof({ weight: 3, arbitrary: framed(requestOf(method)) }, some);
}

function requestOf(method: DescMethod): fc.Arbitrary<Buffer> {
  const known = kept.get(method);
  if (known !== undefined) return known;
  const made = corrupted(anyRequest(method, DEPTH));
  kept.set(method, made);
  return made;
}

function greeting(host: string): Buffer {
  const value = Hello.fromPartial({ hostId: host, bootId: 'b', labels: { site: 'fuzz' } });
  return prefixed(Buffer.from(ConnectRequest.encode({ message: { $case: 'hello', value } }).finish()), {});
}

/** With the prefix of gRPC, which may lie about how long the message is, or whether it is compressed. */
function framed(bytes: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> {
  const claim = fc.oneof(
    fc.constantFrom(0, 1, 4, 5, 0xff, 0xffff, 1 << 20, 16 << 20, (16 << 20) + 1, 0x7fffffff, 0xffffffff),
    fc.nat({ max: 300 }),
  );
  return fc.oneof(
    { weight: 60, arbitrary: bytes.map((body) => prefixed(body, {})) },
    { weight: 10, arbitrary: fc.tuple(bytes, claim).map(([body, length]) => prefixed(body, { length })) },
    { weight: 10, arbitrary: bytes.map((body) => prefixed(gzipSync(body), { flag: 1 })) },
    { weight: 10, arbitrary: bytes.map((body) => prefixed(deflateSync(body), { flag: 1 })) },
    {
      weight: 10,
      arbitrary: fc
        .tuple(bytes, fc.constantFrom(1, 2, 0x80, 0xff))
        .map(([body, flag]) => prefixed(body, { flag })),
    },
    { weight: 1, arbitrary: fc.constant(prefixed(BOMB, { flag: 1 })) },
    { weight: 10, arbitrary: fc.uint8Array({ maxLength: 64 }).map((garbage) => Buffer.from(garbage)) },
  );
}

function prefixed(
  body: Buffer,
  { flag = 0, length = body.length }: { flag?: number; length?: number },
): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(flag);
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, body]);
}
