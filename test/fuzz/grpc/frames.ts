/** Frames of HTTP/2 (RFC 9113) as a peer makes them who keeps to nothing. */
import fc from 'fast-check';
import { ACK, END_HEADERS, END_STREAM, Frame } from '../../../controller/src/rpc/raw-peer.testing';
import { corrupted } from './corruption';
import { headerBlocks } from './header-blocks';

export interface RawFrame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
  /** What it says that its length is. */
  readonly length?: number;
}

const PADDED = 8;
const HAS_PRIORITY = 0x20;
const MAX_FRAME = 16_384;

export const settings: RawFrame = { type: Frame.SETTINGS, flags: 0, stream: 0, payload: Buffer.alloc(0) };

/** Of a call, on stream 1. */
export function headers(block: Buffer): RawFrame[] {
  const parts = slices(block, MAX_FRAME);
  return parts.map((payload, index) => ({
    type: index === 0 ? Frame.HEADERS : Frame.CONTINUATION,
    flags: index === parts.length - 1 ? END_HEADERS : 0,
    stream: 1,
    payload,
  }));
}

/** Of a call, on stream 1; `ends`: that it is all. */
export function data(body: Buffer, ends: boolean): RawFrame[] {
  const parts = slices(body, MAX_FRAME);
  return parts.map((payload, index) => ({
    type: Frame.DATA,
    flags: ends && index === parts.length - 1 ? END_STREAM : 0,
    stream: 1,
    payload,
  }));
}

function slices(bytes: Buffer, size: number): Buffer[] {
  const count = Math.max(1, Math.ceil(bytes.length / size));
  return Array.from({ length: count }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
}

const number32 = fc.oneof(fc.constantFrom(0, 1, 0x7fffffff, 0x80000000, 0xffffffff), fc.nat({ max: 70_000 }));
const four = number32.map((value) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
});
const few = fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes));

/** What may follow a call on its stream. */
export const after: fc.Arbitrary<RawFrame> = fc.oneof(
  four.map((payload) => ({ type: Frame.RST_STREAM, flags: 0, stream: 1, payload })),
  four.map((payload) => ({ type: Frame.WINDOW_UPDATE, flags: 0, stream: 1, payload })),
  headerBlocks('/').map((payload) => ({
    ...{ type: Frame.HEADERS, stream: 1, payload },
    flags: END_HEADERS | END_STREAM,
  })),
  few.map((payload) => ({ type: Frame.DATA, flags: PADDED, stream: 1, payload })),
);

/** Frames of the connection, and those of no known type. */
export const control: fc.Arbitrary<readonly RawFrame[]> = fc.oneof(
  fc
    .array(fc.tuple(fc.nat({ max: 9 }), four), { maxLength: 4 })
    .map((list) => Buffer.concat(list.flatMap(([id, value]) => [Buffer.of(0, id), value])))
    .map((payload) => [{ ...settings, payload }]),
  fc.constant([{ ...settings, flags: ACK }]),
  few.map((payload) => [{ type: Frame.PING, flags: 0, stream: 0, payload }]),
  fc.constant([{ type: Frame.PING, flags: 0, stream: 0, payload: Buffer.alloc(8) }]),
  four.map((payload) => [{ type: Frame.WINDOW_UPDATE, flags: 0, stream: 0, payload }]),
  fc
    .tuple(four, four)
    .map((two) => [{ type: Frame.GOAWAY, flags: 0, stream: 0, payload: Buffer.concat(two) }]),
  few.map((payload) => [{ type: Frame.PRIORITY, flags: 0, stream: 1, payload }]),
  few.map((payload) => [{ type: 5, flags: END_HEADERS, stream: 1, payload }]),
  fc
    .tuple(fc.integer({ min: 10, max: 255 }), few)
    .map(([type, payload]) => [{ type, flags: 0, stream: 1, payload }]),
);

type Change = (frames: readonly RawFrame[], at: number) => readonly RawFrame[];

function changed(change: (frame: RawFrame) => RawFrame): Change {
  return (frames, at) => frames.map((frame, index) => (index === at ? change(frame) : frame));
}

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.nat({ max: 12 }).map((type) => changed((frame) => ({ ...frame, type }))),
  fc.nat({ max: 255 }).map((flags) => changed((frame) => ({ ...frame, flags }))),
  fc
    .constantFrom(0, 1, END_STREAM, END_HEADERS, PADDED, HAS_PRIORITY)
    .map((flag) => changed((frame) => ({ ...frame, flags: frame.flags ^ flag }))),
  fc.oneof(fc.nat({ max: 12 }), number32).map((stream) => changed((frame) => ({ ...frame, stream }))),
  fc
    .oneof(fc.nat({ max: 40 }), fc.constantFrom(MAX_FRAME + 1, 0xffffff))
    .map((length) => changed((frame) => ({ ...frame, length }))),
  corrupted(fc.constant(Buffer.alloc(9))).map((payload) => changed((frame) => ({ ...frame, payload }))),
  fc.constant<Change>((frames, at) => frames.filter((_, index) => index !== at)),
  fc.constant<Change>((frames, at) => frames.flatMap((one, index) => (index === at ? [one, one] : [one]))),
  fc.constant<Change>((frames, at) => frames.slice(0, at + 1)),
  control.map((more): Change => (frames, at) => [...frames.slice(0, at), ...more, ...frames.slice(at)]),
);

/** Up to three of them changed, or others put in between. */
export function tampered(frames: fc.Arbitrary<readonly RawFrame[]>): fc.Arbitrary<readonly RawFrame[]> {
  const changes = fc.array(fc.tuple(change, fc.nat({ max: 1000 })), { minLength: 1, maxLength: 3 });
  return fc
    .tuple(frames, changes)
    .map(([whole, list]) =>
      list.reduce((rest, [one, at]) => one(rest, at % Math.max(1, rest.length)), whole),
    );
}

export function encoded({ type, flags, stream, payload, length = payload.length }: RawFrame): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream >>> 0, 5);
  return Buffer.concat([head, payload]);
}
