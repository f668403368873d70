/** Planning writes against what stands in the store, and planning again when it has moved meanwhile. */
import type { Logger } from 'pino';
import type { Policy } from '../model/policy';
import type { ChangeNote } from '../policy-store/change-note';
import type {
  PolicyStore,
  WriteChange,
  WriteRefusal,
  WriteRequest,
  WriteResult,
} from '../policy-store/policy-store';
import { contended, inUse, noSuchSet, tooMany } from './resource-errors';

/** What became of one thing that was wanted. */
export type Outcome = WriteChange | { readonly kind: 'policy-unchanged'; readonly policy: Policy };

/** One change to try, or what stands when that is what is wanted. */
export type Planned =
  | { readonly kind: 'write'; readonly write: WriteRequest }
  | { readonly kind: 'settled'; readonly outcome: Outcome };

/** How often a write without an etag is tried against a store that others write to. */
const MAX_TRIES = 16;

interface Attempt {
  /** What is written, in an error's words. */
  readonly what: string;
  /** Throws for what cannot be; called again for every try. */
  readonly plan: () => Promise<Planned[]>;
  readonly dryRun?: boolean;
}

/** Plans and writes as one transaction until nothing has moved in between. What became of each plan, and the store's revision then. */
export async function writeAll(
  store: PolicyStore,
  { what, plan, dryRun = false }: Attempt,
): Promise<{ changes: readonly Outcome[]; revision: bigint }> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const planned = await plan();
    const writes = planned.flatMap((one) => (one.kind === 'write' ? [one.write] : []));
    const result = await store.write(writes, { dryRun });
    if (result.outcome === 'stored') return { changes: outcomes(planned, result), revision: result.revision };
    if (result.outcome !== 'conflict' && result.outcome !== 'set-conflict')
      throwRefusal(result, nameOf(writes[result.index]) ?? what);
  }
  throw contended(what);
}

function outcomes(
  planned: readonly Planned[],
  { changes }: Extract<WriteResult, { outcome: 'stored' }>,
): Outcome[] {
  const made = changes[Symbol.iterator]();
  return planned.map((one) => {
    if (one.kind === 'settled') return one.outcome;
    const { value } = made.next();
    if (value === undefined) throw new Error('a write has come to nothing');
    return value;
  });
}

function throwRefusal(
  refusal: Exclude<WriteRefusal, { outcome: 'conflict' | 'set-conflict' }>,
  name: string,
): never {
  switch (refusal.outcome) {
    case 'no-such-set':
      throw noSuchSet(name, refusal.set);
    case 'in-use':
      throw inUse(name, refusal.policies);
    case 'too-many':
      throw tooMany(refusal.what);
  }
}

function nameOf(write: WriteRequest | undefined): string | undefined {
  switch (write?.kind) {
    case undefined:
      return undefined;
    case 'put':
      return write.policy.name;
    case 'set-create':
      return write.set.name;
    case 'remove':
    case 'set-change':
    case 'set-remove':
      return write.name;
  }
}

/** A line for every policy that was stored or removed. */
export function logChanges(logger: Logger, note: ChangeNote, changes: readonly Outcome[]): void {
  for (const change of changes) {
    if (change.kind === 'put') {
      logger.info({ policy: change.policy.name, revision: change.revision, ...note }, 'policy stored');
    } else if (change.kind === 'removed') {
      logger.info({ policy: change.name, revision: change.revision, ...note }, 'policy removed');
    } else if (change.kind === 'set-put') {
      logger.info({ addressSet: change.set.name, revision: change.revision, ...note }, 'address set stored');
    } else if (change.kind === 'set-removed') {
      logger.info({ addressSet: change.name, revision: change.revision, ...note }, 'address set removed');
    }
  }
}
