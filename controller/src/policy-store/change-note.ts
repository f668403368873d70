/** Who stores a change, and why, for the record. */
export interface ChangeNote {
  readonly author: string;
  readonly reason: string;
}
