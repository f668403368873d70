/** Columns of 64-bit numbers, from the wire to words. Both throw RangeError for bytes that do not end with a number. */
import type { CountList } from '../stats/count-list';
import { HIGH, LOW } from '../stats/counts';

interface Range {
  readonly start: number;
  readonly end: number;
}

/** https://protobuf.dev/programming-guides/encoding/#varints: seven bits in a byte, lowest first, and a bit that says that more come. */
export function readVarints(bytes: Uint8Array, { start, end }: Range, into: CountList): void {
  const words = into.reserve(end - start);
  let to = 2 * into.length;
  for (let at = start; at < end; to += 2) {
    let byte = bytes[at++] ?? 0;
    let [low, high] = [byte & 0x7f, 0];
    for (let shift = 7; byte >= 0x80 && shift < 70; shift += 7) {
      byte = bytes[at++] ?? 0;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift > 28) high |= bits << (shift - 32);
      else [low, high] = [low | (bits << 28), bits >> 4];
    }
    if (byte >= 0x80 || at > end) throw new RangeError('a number is cut short, or has more than ten bytes');
    words[to + LOW] = low;
    words[to + HIGH] = high;
  }
  into.length = to / 2;
}

export function readFixed64s(bytes: Uint8Array, { start, end }: Range, into: CountList): void {
  if ((end - start) % 8 !== 0) throw new RangeError('a number is cut short');
  const words = into.reserve((end - start) / 8);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let to = 2 * into.length;
  for (let at = start; at < end; at += 8, to += 2) {
    words[to + LOW] = view.getUint32(at, true);
    words[to + HIGH] = view.getUint32(at + 4, true);
  }
  into.length = to / 2;
}
