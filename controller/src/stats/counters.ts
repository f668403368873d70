/** Cumulative counts of what rules matched. */
export interface Counters {
  readonly packets: bigint;
  /** From the network header on. */
  readonly bytes: bigint;
  /** Those of `packets` that a shadow rule counted without acting. */
  readonly shadowPackets: bigint;
}

/** Cumulative counts of packets by what became of them. */
export interface Traffic {
  readonly accepted: bigint;
  readonly dropped: bigint;
  readonly rejected: bigint;
  /** Packets that at least one shadow rule would have stopped. */
  readonly shadowDropped: bigint;
  /** With short or inconsistent headers; each is counted by its verdict, too. */
  readonly malformed: bigint;
}

/** Reads them out of columns. */
export function countersAt(read: (column: number) => bigint): Counters {
  return { packets: read(0), bytes: read(1), shadowPackets: read(2) };
}

export function trafficAt(read: (column: number) => bigint): Traffic {
  const [accepted, dropped, rejected, shadowDropped, malformed] = [
    read(0),
    read(1),
    read(2),
    read(3),
    read(4),
  ];
  return { accepted, dropped, rejected, shadowDropped, malformed };
}
