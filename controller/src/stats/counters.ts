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
  /** Packets that no rule decided, but the default verdict; each is counted by its verdict, too. */
  readonly defaulted: bigint;
}

/** Reads them out of columns. */
export function countersAt(read: (column: number) => bigint): Counters {
  return { packets: read(0), bytes: read(1), shadowPackets: read(2) };
}

export function trafficAt(read: (column: number) => bigint): Traffic {
  return {
    accepted: read(0),
    dropped: read(1),
    rejected: read(2),
    shadowDropped: read(3),
    malformed: read(4),
    defaulted: read(5),
  };
}

/** How many there are of each. */
export const COLUMNS = { rule: 3, hook: 6 } as const;

/** What cells are of: rules, with Counters, or hooks, with Traffic. */
export type CellKind = keyof typeof COLUMNS;
