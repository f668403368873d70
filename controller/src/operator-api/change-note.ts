/** Who changes something, and why, for the record. */
import type { ChangeNote } from '../policy-store/change-note';

import type { Caller } from '../rpc/caller';

export function noteOf(caller: Caller, reason: string): ChangeNote {
  return { author: `${caller.kind}/${caller.id}`, reason };
}
