/** Models what the kernel module promises of a commit, a listing and counters: all or nothing, with its refusals. */
import { ABI, Action, Field } from './abi';
import type { KernelDevice } from './kernel-device';
import { KernelRefusal, KernelUnavailable, type RefusalDetail } from './kernel-error';
import type { BindingStats, Classified, KernelInfo, Listing, RuleCounters, Stats } from './reply';
import type { BindObject, CommitObject, Digest, Ruleset, UnbindObject } from './request';

interface FakeNamespace {
  birth: bigint;
  initial: boolean;
  binding: { digest: Digest; epoch: bigint; counters: Map<bigint, RuleCounters> } | undefined;
}

interface State {
  namespaces: Map<number, FakeNamespace>;
  rulesets: Map<Digest, Ruleset>;
}

type Refuse = (detail: Omit<RefusalDetail, 'object' | 'field'>) => never;

const NO_TOTALS = { seen: 0n, accepted: 0n, dropped: 0n, rejected: 0n, malformed: 0n, shadow: 0n };

export class FakeKernel {
  loaded = true;
  instance = 1n;
  generation = 0n;
  /** Commits that were tried, refused or not. */
  commits: CommitObject[][] = [];
  openDevices = 0;
  /** What this module finds wrong with a ruleset; nothing by default. */
  faultOf: (ruleset: Ruleset) => Omit<RefusalDetail, 'object' | 'field'> | undefined = () => undefined;
  /** Runs before each commit: something else may change just then. */
  beforeCommit: () => void = () => undefined;
  #state: State = { namespaces: new Map(), rulesets: new Map() };
  #births = 100n;
  #epochs = 1000n;

  addNamespace(inode: number, { initial = false } = {}): bigint {
    this.#births += 1n;
    this.#state.namespaces.set(inode, { birth: this.#births, initial, binding: undefined });
    return this.#births;
  }

  removeNamespace(inode: number): void {
    this.#state.namespaces.delete(inode);
  }

  /** As rmmod and insmod: nothing is left but the namespaces, which are counted anew. */
  reload(): void {
    const { namespaces } = this.#state;
    this.#state = { namespaces: new Map(), rulesets: new Map() };
    this.instance += 1n;
    this.generation = 0n;
    for (const [inode, { initial }] of namespaces) this.addNamespace(inode, { initial });
  }

  count(inode: number, counters: RuleCounters): void {
    this.#state.namespaces.get(inode)?.binding?.counters.set(counters.id, counters);
  }

  /** Digest bound to a namespace. */
  boundTo(inode: number): Digest | undefined {
    return this.#state.namespaces.get(inode)?.binding?.digest;
  }

  get rulesets(): Digest[] {
    return [...this.#state.rulesets.keys()];
  }

  readonly open = (): KernelDevice => {
    if (!this.loaded) throw new KernelUnavailable('absent', 'the kernel module is not loaded');
    this.openDevices += 1;
    return {
      info: () => this.#info(),
      commit: (objects) => this.#commit([...objects]),
      list: () => this.#list(),
      stats: (cursor) => this.#stats(cursor),
      classify: (): Classified => ({ verdict: Action.ACCEPT, rule: undefined, digest: undefined, epoch: 0n }),
      close: () => {
        this.openDevices -= 1;
      },
    };
  };

  #commit(objects: CommitObject[]): bigint {
    this.beforeCommit();
    this.commits.push(objects);
    const next: State = {
      namespaces: new Map([...this.#state.namespaces].map(([inode, one]) => [inode, { ...one }])),
      rulesets: new Map(this.#state.rulesets),
    };
    this.#demandUnique(objects);
    for (const step of ['ruleset-put', 'bind', 'unbind', 'ruleset-drop'] as const) {
      objects.forEach((object, index) => {
        if (object.type === step) this.#apply(next, object, refusalAt(index));
      });
    }
    const changed = JSON.stringify(summary(next)) !== JSON.stringify(summary(this.#state));
    this.#state = next;
    if (changed) this.generation += 1n;
    return this.generation;
  }

  #demandUnique(objects: CommitObject[]): void {
    const seen = new Set<string>();
    objects.forEach((object, index) => {
      const key = 'inode' in object ? `namespace ${object.inode}` : `${object.type} ${object.digest}`;
      if (seen.has(key)) refusalAt(index)({ errno: 'EINVAL', reason: 'named twice' });
      seen.add(key);
    });
  }

  #apply(next: State, object: CommitObject, refuse: Refuse): void {
    switch (object.type) {
      case 'ruleset-put': {
        const fault = next.rulesets.has(object.digest) ? undefined : this.faultOf(object.ruleset);
        if (fault !== undefined) refuse(fault);
        next.rulesets.set(object.digest, object.ruleset);
        return;
      }
      case 'bind':
        this.#bind(next, object, refuse);
        return;
      case 'unbind': {
        const namespace = demandNamespace(next, object, refuse);
        if (namespace.binding === undefined) refuse({ errno: 'ENOENT', reason: 'not bound' });
        namespace.binding = undefined;
        return;
      }
      case 'ruleset-drop': {
        const isBound = [...next.namespaces.values()].some(
          ({ binding }) => binding?.digest === object.digest,
        );
        if (isBound) refuse({ errno: 'EBUSY', reason: 'still bound' });
        if (!next.rulesets.delete(object.digest)) refuse({ errno: 'ENOENT', reason: 'no such ruleset' });
      }
    }
  }

  #bind(next: State, object: BindObject, refuse: Refuse): void {
    const namespace = demandNamespace(next, object, refuse);
    if (namespace.initial && !object.initial) refuse({ errno: 'EPERM', reason: 'the initial namespace' });
    if (!next.rulesets.has(object.digest)) refuse({ errno: 'ENOENT', reason: 'no such ruleset' });
    this.#epochs += 1n;
    const epoch = namespace.binding?.epoch ?? this.#epochs;
    namespace.binding = { digest: object.digest, epoch, counters: new Map() };
  }

  #info(): KernelInfo {
    const { namespaces, rulesets } = this.#state;
    return {
      ...{
        abiMin: ABI,
        abiMax: ABI,
        hooks: 0x1f,
        matchKinds: 0x7ffen,
        actions: 0x1e,
        ruleFlags: 1,
        memory: 0n,
      },
      instance: this.instance,
      generation: this.generation,
      namespaces: namespaces.size,
      bindings: [...namespaces.values()].filter(({ binding }) => binding !== undefined).length,
      rulesets: rulesets.size,
      ...{ sets: 0, quarantined: 0, quarantine: false, malformed: undefined },
      version: '0.0.0-fake',
    };
  }

  #list(): Listing {
    const namespaces = [...this.#state.namespaces].map(([inode, { birth, initial, binding }]) => ({
      ...{
        birth,
        cookie: birth + 1n,
        inode,
        initial,
        quarantined: false,
        totals: NO_TOTALS,
        quarantineDropped: 0n,
      },
      binding: binding && { digest: binding.digest, epoch: binding.epoch },
    }));
    const rulesets = [...this.#state.rulesets].map(([digest, { rules }]) => ({
      ...{ digest, memory: 0n, rules: rules.length },
      bindings: namespaces.filter(({ binding }) => binding?.digest === digest).length,
    }));
    namespaces.sort((a, b) => Number(a.birth - b.birth));
    return { generation: this.generation, namespaces, rulesets, sets: [] };
  }

  /** Everything since cursor 0, nothing since any other. */
  #stats(cursor: bigint): Stats {
    if (cursor !== 0n) return { cursor, bindings: [] };
    const bindings = [...this.#state.namespaces].flatMap(([inode, { birth, binding }]): BindingStats[] =>
      binding === undefined
        ? []
        : [{ birth, epoch: binding.epoch, inode, hooks: [], rules: [...binding.counters.values()] }],
    );
    return { cursor: 7n, bindings };
  }
}

function demandNamespace(
  state: State,
  { inode, birth }: BindObject | UnbindObject,
  refuse: Refuse,
): FakeNamespace {
  const namespace = state.namespaces.get(inode);
  if (namespace === undefined) return refuse({ errno: 'ENOENT', reason: 'no such namespace' });
  if (birth !== 0n && birth !== namespace.birth) refuse({ errno: 'ESTALE', reason: 'another birth' });
  return namespace;
}

function refusalAt(object: number): Refuse {
  return (detail) => {
    throw new KernelRefusal({ ...detail, object, field: Field.NONE });
  };
}

function summary({ namespaces, rulesets }: State): unknown {
  return [
    [...namespaces].map(([inode, { binding }]) => [inode, binding?.digest]),
    [...rulesets.keys()].sort(),
  ];
}
