/** Address sets of the wire as the agent holds them; parts are put together, and nothing half-valid gets further than this. */
import type { AddressSetDelta, AddressSetUpsert } from '@nsgate/proto';
import { kernelSetName, type AddressSet, type SetChange } from '../desired-state/address-set';
import { contradicts, faultOfMembers, MEMBER_SIZE } from '../desired-state/packed-members';
import { MAX_SET_MEMBERS, type Members } from '../kernel-device';
import { demand } from './demand';

/** Throws PolicyFault. */
export function readSetChange(message: AddressSetDelta): { name: string; change: SetChange } {
  const { name, fromRevision: from, revision } = message;
  demandName(name);
  demand(revision !== from, `it leads from revision ${from} to itself`);
  const add = readMembers({ v4: message.add4, v6: message.add6 }, 'to add');
  const remove = readMembers({ v4: message.remove4, v6: message.remove6 }, 'to remove');
  demand(!contradicts({ add, remove }), 'a member is both added and removed');
  return { name, change: { from, revision, add, remove } };
}

/** The parts of one set that is being sent, in the order in which they must come. */
export class SetAssembly {
  #first: AddressSetUpsert | undefined;
  #parts: AddressSetUpsert[] = [];
  #bytes = 0;
  /** A set that was refused at an early part is refused once: what follows of it is passed over. */
  #refusedNonce: bigint | undefined;

  /** The set, once its last part has come; undefined before that. Throws PolicyFault, once for each set. */
  take(message: AddressSetUpsert): AddressSet | undefined {
    if (message.nonce === this.#refusedNonce) return undefined;
    try {
      return this.#add(message);
    } catch (error) {
      this.#refusedNonce = message.nonce;
      this.#forget();
      throw error;
    }
  }

  #add(message: AddressSetUpsert): AddressSet | undefined {
    if (message.part === 0) this.#begin(message);
    const first = this.#first;
    demand(
      first !== undefined && message.part === this.#parts.length && isOfOneSet(first, message),
      `part ${message.part} of ${message.parts} does not follow part ${this.#parts.length - 1}`,
    );
    this.#parts.push(message);
    this.#bytes += message.members4.length + message.members6.length;
    demand(this.#bytes <= MAX_SET_MEMBERS * MEMBER_SIZE.v6, 'it has too many members');
    if (this.#parts.length < first.parts) return undefined;
    const set = assemble(first, this.#parts);
    this.#forget();
    return set;
  }

  #begin(message: AddressSetUpsert): void {
    demandName(message.name);
    demand(message.uid !== '', 'it has no uid');
    demand(message.parts >= 1, 'it has no parts');
    this.#forget();
    this.#first = message;
  }

  #forget(): void {
    this.#first = undefined;
    this.#parts = [];
    this.#bytes = 0;
  }
}

function assemble({ name, uid, revision }: AddressSetUpsert, parts: readonly AddressSetUpsert[]): AddressSet {
  const v4 = Buffer.concat(parts.map(({ members4 }) => members4));
  const v6 = Buffer.concat(parts.map(({ members6 }) => members6));
  return { name, uid, revision, members: readMembers({ v4, v6 }, ''), changes: [] };
}

function isOfOneSet(
  first: AddressSetUpsert,
  { nonce, name, uid, revision, parts }: AddressSetUpsert,
): boolean {
  return (
    first.nonce === nonce &&
    first.name === name &&
    first.uid === uid &&
    first.revision === revision &&
    first.parts === parts
  );
}

function readMembers({ v4, v6 }: Members, which: string): Members {
  const fault4 = faultOfMembers(v4, MEMBER_SIZE.v4);
  const fault6 = faultOfMembers(v6, MEMBER_SIZE.v6);
  demand(fault4 === undefined, `of its IPv4 members ${which}: ${fault4}`);
  demand(fault6 === undefined, `of its IPv6 members ${which}: ${fault6}`);
  const count = v4.length / MEMBER_SIZE.v4 + v6.length / MEMBER_SIZE.v6;
  demand(count <= MAX_SET_MEMBERS, `it has ${count} members, over ${MAX_SET_MEMBERS}`);
  return { v4, v6 };
}

function demandName(name: string): void {
  demand(kernelSetName(name) !== undefined, `${JSON.stringify(name)} is no address set's name`);
}
