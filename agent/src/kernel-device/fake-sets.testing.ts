/** Models address sets as the kernel module promises them: by version, and never dropped while a ruleset names them. */
import { MatchKind } from './abi';
import type { RefusalDetail } from './kernel-error';
import type { Digest, Members, Ruleset, SetDeltaObject, SetDropObject, SetObject } from './request';

/** Ends a commit with the reason that the module would give. */
export type Refuse = (detail: Omit<RefusalDetail, 'object' | 'field'>) => never;

export interface FakeSet {
  version: bigint;
  /** Packed members in hexadecimal. */
  members: ReadonlySet<string>;
}

interface State {
  rulesets: ReadonlyMap<Digest, Ruleset>;
  sets: Map<string, FakeSet>;
}

/** Names of the sets that a ruleset's rules refer to. */
export function setsOf({ rules }: Ruleset): string[] {
  return rules.flatMap(({ matches }) =>
    matches.flatMap((match) =>
      match.kind === MatchKind.SRC_SET || match.kind === MatchKind.DST_SET ? match.items : [],
    ),
  );
}

export function applySet(
  state: State,
  object: SetObject | SetDeltaObject | SetDropObject,
  refuse: Refuse,
): void {
  const held = state.sets.get(object.name);
  switch (object.type) {
    case 'set-put':
      if (held?.version === object.version) return;
      state.sets.set(object.name, { version: object.version, members: new Set(unpack(object.members)) });
      return;
    case 'set-delta': {
      if (held === undefined) return refuse({ errno: 'ENOENT', reason: 'no such set' });
      if (held.version !== object.from) return refuse({ errno: 'ESTALE', reason: 'another version' });
      const gone = new Set(unpack(object.remove));
      const members = new Set([...held.members, ...unpack(object.add)].filter((one) => !gone.has(one)));
      state.sets.set(object.name, { version: object.version, members });
      return;
    }
    case 'set-drop': {
      if (held === undefined) return refuse({ errno: 'ENOENT', reason: 'no such set' });
      const isNamed = [...state.rulesets.values()].some((ruleset) => setsOf(ruleset).includes(object.name));
      if (isNamed) refuse({ errno: 'EBUSY', reason: 'a ruleset names it' });
      state.sets.delete(object.name);
    }
  }
}

function unpack({ v4, v6 }: Members): string[] {
  return [...slices(v4, 5), ...slices(v6, 17)];
}

function slices(bytes: Uint8Array, size: number): string[] {
  return Array.from({ length: bytes.length / size }, (_, index) =>
    Buffer.from(bytes.subarray(index * size, (index + 1) * size)).toString('hex'),
  );
}
