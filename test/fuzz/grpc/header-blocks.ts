/** Headers of a call as HPACK (RFC 7541): in order, out of order, and what does not decode. */
import fc from 'fast-check';
import { headerBlock } from '../../../controller/src/rpc/raw-peer.testing';
import { corrupted } from './corruption';

type Field = readonly [string, string];

const BASE: readonly Field[] = [
  [':method', 'POST'],
  [':scheme', 'https'],
  [':authority', 'controller'],
  ['content-type', 'application/grpc'],
  ['te', 'trailers'],
];

const text = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom('', ' ', 'gzip', 'a'.repeat(5000), '\r\n', '\0', 'é'),
);
/** Of fields that mean something to HTTP/2, to gRPC, or to the controller. */
const odd: fc.Arbitrary<Field> = fc.oneof(
  fc.constantFrom<Field>(
    ['grpc-timeout', '1n'],
    ['grpc-timeout', '0S'],
    ['grpc-timeout', '99999999H'],
    ['grpc-timeout', '-5S'],
    ['grpc-timeout', 'soon'],
    ['grpc-encoding', 'gzip'],
    ['grpc-encoding', 'deflate'],
    ['grpc-encoding', 'snappy'],
    ['grpc-accept-encoding', ',,gzip,,'],
    ['content-length', '-1'],
    ['content-length', '5'],
    ['authorization', 'Bearer'],
    ['authorization', 'Bearer nsgt_none'],
    ['authorization', 'Bearer eyJhbGciOiJub25lIn0.e30.'],
    ['trace-bin', '!not base64!'],
    ['connection', 'close'],
    ['transfer-encoding', 'chunked'],
    ['expect', '100-continue'],
    [':protocol', 'websocket'],
    [':status', '200'],
    ['Upper', 'case'],
    ['', 'no name'],
  ),
  fc.tuple(
    fc.constantFrom(
      ':method',
      ':path',
      ':scheme',
      ':authority',
      'content-type',
      'te',
      'host',
      'cookie',
      'x-a',
    ),
    text,
  ),
);

/** Single instructions that ask for what is not there, or for too much. */
const INSTRUCTIONS: readonly Buffer[] = [
  Buffer.of(0x80),
  Buffer.of(0xbf),
  Buffer.from('ffffffffff0f', 'hex'),
  Buffer.from('3fffffff0f', 'hex'),
  Buffer.of(0x20),
  Buffer.from('4081ff81ff', 'hex'),
  Buffer.from('007fffffffffff7f', 'hex'),
  Buffer.of(0x82),
  Buffer.from('400178027979be', 'hex'),
];

/** Those with which a call of the path begins, most of the time. */
export function headerBlocks(path: string): fc.Arbitrary<Buffer> {
  const right: readonly Field[] = [...BASE, [':path', path]].sort(
    ([a = ''], [b = '']) => order(a) - order(b),
  ) as Field[];
  const more = fc.array(odd, { maxLength: 3 });
  const instruction = fc.constantFrom(...INSTRUCTIONS);
  return fc.oneof(
    { weight: 6, arbitrary: fc.constant(headerBlock(right)) },
    { weight: 3, arbitrary: more.map((fields) => headerBlock([...right, ...fields])) },
    { weight: 1, arbitrary: fc.shuffledSubarray([...right]).map((fields) => headerBlock(fields)) },
    {
      weight: 1,
      arbitrary: fc.tuple(instruction, fc.boolean()).map(([bytes, first]) => {
        const block = headerBlock(right);
        return Buffer.concat(first ? [bytes, block] : [block, bytes]);
      }),
    },
    { weight: 1, arbitrary: corrupted(fc.constant(headerBlock(right))) },
  );
}

/** Pseudo-header fields come first (RFC 9113, 8.3). */
function order(name: string): number {
  return name.startsWith(':') ? 0 : 1;
}
