/** Who changes something, and why, for the record. */
import type { ChangeNote } from '../policy-store/change-note';
import type { Caller, Permit } from '../rpc/caller';

export function noteOf(caller: Caller, reason: string): ChangeNote {
  return { author: `${caller.kind}/${caller.id}`, reason };
}

/** What a writer needs to know of the caller. */
export function asOf(caller: Caller, reason: string): { note: ChangeNote; permit: Permit } {
  return { note: noteOf(caller, reason), permit: caller.permit };
}
