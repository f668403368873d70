/** Who stores a change, and why, for the record. */
export interface ChangeNote {
  readonly author: string;
  readonly reason: string;
}

/** Which versions of a resource. */
export interface HistoryRequest {
  readonly name: string;
  /** Only what is older than this revision; all when left out. */
  readonly before?: bigint;
  /** At most so many; all when left out. */
  readonly limit?: number;
}
