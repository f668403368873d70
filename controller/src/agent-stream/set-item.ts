/** An address set as it goes to hosts: whole in parts, or as what changed; each encoded once, when the first host needs it. */
import { ConnectResponse } from '@nsgate/proto';
import { deltaSince, deltaSize, type MembersDelta, type SetContent } from '../model/address-set';
import { countPrefixes, WIDTH4, WIDTH6, type PackedPrefixes } from '../model/packed-prefixes';
import type { SetItem, SetMessages } from './sync-state';

/** Members in one part: at most 1 MiB. */
const PART_BYTES = 1_000_000;
/** A change that is larger is sent as a whole set: gRPC peers take 4 MiB by default. */
const MAX_DELTA_BYTES = 3_000_000;

/** The version of a set that a host declares to hold. */
export function setVersion({ uid, revision }: Pick<SetContent, 'uid' | 'revision'>): string {
  return `${uid}@${revision}`;
}

export class EncodedSet implements SetItem {
  readonly kind = 'set';
  readonly name: string;
  readonly revision: bigint;
  readonly version: string;
  readonly #messages = new Map<string, SetMessages>();

  constructor(
    private readonly content: SetContent,
    private readonly nextNonce: () => bigint,
  ) {
    this.name = content.name;
    this.revision = content.revision;
    this.version = setVersion(content);
  }

  readonly from = (held: string | undefined): SetMessages => {
    const delta = this.#deltaFrom(held);
    const key = delta === undefined ? '' : String(delta.fromRevision);
    const known = this.#messages.get(key);
    if (known !== undefined) return known;
    const nonce = this.nextNonce();
    const messages =
      delta === undefined
        ? { nonce, messages: this.#encodeWhole(nonce), whole: true }
        : { nonce, messages: [this.#encodeDelta(nonce, delta)], whole: false };
    this.#messages.set(key, messages);
    return messages;
  };

  /** Undefined when the whole is better, or the only way. */
  #deltaFrom(held: string | undefined): MembersDelta | undefined {
    const [uid, revision] = held?.split('@') ?? [];
    if (uid !== this.content.uid || !/^\d+$/.test(revision ?? '')) return undefined;
    const delta = deltaSince(this.content, BigInt(revision ?? 0));
    if (delta === undefined || deltaSize(delta) >= countPrefixes(this.content.members)) return undefined;
    return bytesOf(delta.added) + bytesOf(delta.removed) > MAX_DELTA_BYTES ? undefined : delta;
  }

  #encodeWhole(nonce: bigint): Buffer[] {
    const { name, uid, revision, members } = this.content;
    const parts = [
      ...cut(members.v4, WIDTH4).map((members4) => ({ members4, members6: Buffer.alloc(0) })),
      ...cut(members.v6, WIDTH6).map((members6) => ({ members4: Buffer.alloc(0), members6 })),
    ];
    if (parts.length === 0) parts.push({ members4: Buffer.alloc(0), members6: Buffer.alloc(0) });
    return parts.map((bytes, part) =>
      encode({
        $case: 'setUpsert',
        value: { nonce, name, uid, revision, part, parts: parts.length, ...bytes },
      }),
    );
  }

  #encodeDelta(nonce: bigint, { fromRevision, revision, added, removed }: MembersDelta): Buffer {
    return encode({
      $case: 'setDelta',
      value: {
        nonce,
        name: this.name,
        fromRevision,
        revision,
        add4: added.v4,
        add6: added.v6,
        remove4: removed.v4,
        remove6: removed.v6,
      },
    });
  }
}

function bytesOf({ v4, v6 }: PackedPrefixes): number {
  return v4.length + v6.length;
}

/** In pieces of whole entries. */
function cut(entries: Buffer, width: number): Buffer[] {
  const size = Math.floor(PART_BYTES / width) * width;
  const pieces: Buffer[] = [];
  for (let at = 0; at < entries.length; at += size) pieces.push(entries.subarray(at, at + size));
  return pieces;
}

function encode(message: NonNullable<ConnectResponse['message']>): Buffer {
  return Buffer.from(ConnectResponse.encode({ message }).finish());
}
