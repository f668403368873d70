/** Cumulative counts. */
export interface Counters {
  readonly packets: bigint;
  /** From the network header on. */
  readonly bytes: bigint;
  /** Those of `packets` that a shadow rule counted without acting. */
  readonly shadowPackets: bigint;
}

export const ZERO: Counters = { packets: 0n, bytes: 0n, shadowPackets: 0n };

export function sum(a: Counters, b: Counters): Counters {
  return {
    packets: a.packets + b.packets,
    bytes: a.bytes + b.bytes,
    shadowPackets: a.shadowPackets + b.shadowPackets,
  };
}

/** By how much `now` is above `before`, field by field; a field that is below has not risen. */
export function riseOf(before: Counters, now: Counters): Counters {
  return {
    packets: atLeastZero(now.packets - before.packets),
    bytes: atLeastZero(now.bytes - before.bytes),
    shadowPackets: atLeastZero(now.shadowPackets - before.shadowPackets),
  };
}

export function isZero({ packets, bytes, shadowPackets }: Counters): boolean {
  return packets === 0n && bytes === 0n && shadowPackets === 0n;
}

function atLeastZero(value: bigint): bigint {
  return value > 0n ? value : 0n;
}
