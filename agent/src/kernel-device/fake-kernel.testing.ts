/** Models what the kernel module promises of a commit, a listing and counters: all or nothing, with its refusals. */
import { ABI, Action, Field, Setting } from './abi';
import type { KernelDevice } from './kernel-device';
import { KernelRefusal, KernelUnavailable, type RefusalDetail } from './kernel-error';
import { applySet, setsOf, type FakeSet, type Refuse } from './fake-sets.testing';
import type {
  BindingStats,
  Classified,
  Events,
  KernelEvent,
  KernelInfo,
  Listing,
  RuleCounters,
  Stats,
} from './reply';
import type {
  BindObject,
  CommitObject,
  Digest,
  EventsQuestion,
  ReleaseObject,
  Ruleset,
  UnbindObject,
} from './request';

interface FakeNamespace {
  birth: bigint;
  initial: boolean;
  quarantined: boolean;
  binding: { digest: Digest; epoch: bigint; counters: Map<bigint, RuleCounters> } | undefined;
}

interface State {
  namespaces: Map<number, FakeNamespace>;
  rulesets: Map<Digest, Ruleset>;
  sets: Map<string, FakeSet>;
  settings: Map<Setting, bigint>;
}

const NO_TOTALS = {
  ...{ seen: 0n, accepted: 0n, dropped: 0n, rejected: 0n, malformed: 0n, shadow: 0n },
  defaulted: 0n,
};

/** Steps of a commit, in the order in which they take effect. */
const STEPS: CommitObject['type'][][] = [
  ['set-put', 'set-delta'],
  ['ruleset-put'],
  ['bind', 'unbind', 'release', 'setting'],
  ['ruleset-drop'],
  ['set-drop'],
];

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
  /** Signals that were asked for. */
  signals: number[] = [];
  #state: State = emptyState();
  #events: KernelEvent[] = [];
  /** Last counts of bindings that ended, until a reader comes with a cursor. */
  #ended: BindingStats[] = [];
  #births = 100n;
  #epochs = 1000n;

  addNamespace(inode: number, { initial = false } = {}): bigint {
    this.#births += 1n;
    const quarantined = this.#state.settings.get(Setting.QUARANTINE) === 1n;
    this.#state.namespaces.set(inode, { birth: this.#births, initial, quarantined, binding: undefined });
    this.#note('born', inode, this.#births);
    return this.#births;
  }

  removeNamespace(inode: number): void {
    const namespace = this.#state.namespaces.get(inode);
    this.#note('died', inode, namespace?.birth ?? 0n);
    this.#endBinding(inode, namespace);
    this.#state.namespaces.delete(inode);
  }

  /** As rmmod and insmod: nothing is left but the namespaces, which are counted anew. */
  reload(): void {
    const { namespaces } = this.#state;
    this.#state = emptyState();
    this.#events = [];
    this.#ended = [];
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

  isQuarantined(inode: number): boolean | undefined {
    return this.#state.namespaces.get(inode)?.quarantined;
  }

  /** The address sets by name, with their version and members as text. */
  get sets(): Record<string, FakeSet> {
    return Object.fromEntries(this.#state.sets);
  }

  get rulesets(): Digest[] {
    return [...this.#state.rulesets.keys()];
  }

  /** What is held under a digest; the module itself gives no ruleset back. */
  rulesetOf(digest: Digest): Ruleset | undefined {
    return this.#state.rulesets.get(digest);
  }

  readonly open = (): KernelDevice => {
    if (!this.loaded) throw new KernelUnavailable('absent', 'the kernel module is not loaded');
    this.openDevices += 1;
    return {
      opening: this.#info(),
      info: () => this.#info(),
      commit: (objects) => this.#commit([...objects]),
      list: () => this.#list(),
      stats: (cursor) => this.#stats(cursor),
      events: (question) => this.#eventsSince(question),
      classify: ({ inode }): Classified => this.#classify(inode),
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
      sets: new Map(this.#state.sets),
      settings: new Map(this.#state.settings),
    };
    this.#demandUnique(objects);
    for (const step of STEPS) {
      objects.forEach((object, index) => {
        if (step.includes(object.type)) this.#apply(next, object, refusalAt(index));
      });
    }
    for (const [inode, before] of this.#state.namespaces) {
      if (next.namespaces.get(inode)?.binding === undefined) this.#endBinding(inode, before);
    }
    const changed = JSON.stringify(summary(next)) !== JSON.stringify(summary(this.#state));
    this.#state = next;
    if (changed) this.generation += 1n;
    return this.generation;
  }

  #demandUnique(objects: CommitObject[]): void {
    const seen = new Set<string>();
    objects.forEach((object, index) => {
      const key = identityOf(object);
      if (seen.has(key)) refusalAt(index)({ errno: 'EINVAL', reason: 'named twice' });
      seen.add(key);
    });
  }

  #apply(next: State, object: CommitObject, refuse: Refuse): void {
    switch (object.type) {
      case 'ruleset-put': {
        const fault = next.rulesets.has(object.digest) ? undefined : this.faultOf(object.ruleset);
        if (fault !== undefined) refuse(fault);
        const missing = setsOf(object.ruleset).find((name) => !next.sets.has(name));
        if (missing !== undefined) refuse({ errno: 'ENOENT', reason: `no set ${missing}` });
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
        return;
      }
      case 'release':
        demandNamespace(next, object, refuse).quarantined = false;
        return;
      case 'setting':
        next.settings.set(object.setting, object.value);
        return;
      case 'set-put':
      case 'set-delta':
      case 'set-drop':
        applySet(next, object, refuse);
    }
  }

  #bind(next: State, object: BindObject, refuse: Refuse): void {
    const namespace = demandNamespace(next, object, refuse);
    if (namespace.initial && !object.initial) refuse({ errno: 'EPERM', reason: 'the initial namespace' });
    if (!next.rulesets.has(object.digest)) refuse({ errno: 'ENOENT', reason: 'no such ruleset' });
    this.#epochs += 1n;
    const epoch = namespace.binding?.epoch ?? this.#epochs;
    namespace.binding = { digest: object.digest, epoch, counters: new Map() };
    namespace.quarantined = false;
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
      sets: this.#state.sets.size,
      quarantined: [...namespaces.values()].filter(({ quarantined }) => quarantined).length,
      quarantine: this.#state.settings.get(Setting.QUARANTINE) === 1n,
      malformed: undefined,
      version: '0.0.0-fake',
    };
  }

  #list(): Listing {
    const namespaces = [...this.#state.namespaces].map(
      ([inode, { birth, initial, quarantined, binding }]) => ({
        ...{
          birth,
          cookie: birth + 1n,
          inode,
          initial,
          quarantined,
          totals: NO_TOTALS,
          quarantineDropped: 0n,
        },
        binding: binding && { digest: binding.digest, epoch: binding.epoch },
      }),
    );
    const rulesets = [...this.#state.rulesets].map(([digest, { rules }]) => ({
      ...{ digest, memory: 0n, rules: rules.length },
      bindings: namespaces.filter(({ binding }) => binding?.digest === digest).length,
    }));
    namespaces.sort((a, b) => Number(a.birth - b.birth));
    const sets = [...this.#state.sets].map(([name, { version, members }]) => ({
      ...{ name, version, memory: 0n, members4: members.size, members6: 0 },
      rulesets: [...this.#state.rulesets.values()].filter((one) => setsOf(one).includes(name)).length,
    }));
    return { generation: this.generation, namespaces, rulesets, sets };
  }

  /** Tells no packet apart: only what is bound. */
  #classify(inode: number): Classified {
    const namespace = this.#state.namespaces.get(inode);
    if (namespace === undefined) {
      throw new KernelRefusal({ errno: 'ENOENT', field: Field.INODE, reason: 'no such namespace' });
    }
    const { binding } = namespace;
    const rule = binding && this.#state.rulesets.get(binding.digest)?.rules[0];
    return {
      verdict: rule?.action ?? Action.ACCEPT,
      rule: rule && { id: rule.id, index: 0 },
      digest: binding?.digest,
      epoch: binding?.epoch ?? 0n,
    };
  }

  #note(type: 'born' | 'died', inode: number, birth: bigint): void {
    const number = BigInt(this.#events.length + 1);
    this.#events.push({ type, number, time: number, birth, inode });
  }

  #eventsSince({ cursor, instance, signal }: EventsQuestion): Events {
    if (instance !== 0n && instance !== this.instance) {
      throw new KernelRefusal({ errno: 'ESTALE', field: Field.NONE, reason: 'of another instance' });
    }
    if (signal !== 0) this.signals.push(signal);
    const events = this.#events.slice(Number(cursor));
    return { cursor: BigInt(this.#events.length), instance: this.instance, lost: 0n, events };
  }

  #endBinding(inode: number, namespace: FakeNamespace | undefined): void {
    const last = namespace === undefined ? [] : statsOf(inode, namespace, { ended: true });
    this.#ended.push(...last.filter(({ rules }) => rules.length > 0));
  }

  /** Everything since cursor 0, nothing since any other: that acknowledges what ended. */
  #stats(cursor: bigint): Stats {
    if (cursor !== 0n) {
      this.#ended = [];
      return { cursor, lost: 0, bindings: [] };
    }
    const living = [...this.#state.namespaces].flatMap(([inode, namespace]) =>
      statsOf(inode, namespace, { ended: false }),
    );
    return { cursor: 7n, lost: 0, bindings: [...living, ...this.#ended] };
  }
}

function statsOf(
  inode: number,
  { birth, binding }: FakeNamespace,
  { ended }: { ended: boolean },
): BindingStats[] {
  if (binding === undefined) return [];
  const rules = [...binding.counters.values()].filter(({ packets }) => packets > 0n);
  return [{ birth, epoch: binding.epoch, inode, ended, hooks: [], rules }];
}

function emptyState(): State {
  return { namespaces: new Map(), rulesets: new Map(), sets: new Map(), settings: new Map() };
}

/** What an object is about: no two of a commit may be about the same. */
function identityOf(object: CommitObject): string {
  if ('inode' in object) return `namespace ${object.inode}`;
  if ('name' in object) return `set ${object.name}`;
  if (object.type === 'setting') return `setting ${object.setting}`;
  return `${object.type} ${object.digest}`;
}

function demandNamespace(
  state: State,
  { inode, birth }: BindObject | UnbindObject | ReleaseObject,
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

function summary({ namespaces, rulesets, sets, settings }: State): unknown {
  return [
    [...namespaces].map(([inode, { binding, quarantined }]) => [inode, quarantined, binding?.digest]),
    [...rulesets.keys()].sort(),
    [...sets].map(([name, { version }]) => [name, String(version)]).sort(),
    [...settings].map(([setting, value]) => [setting, String(value)]),
  ];
}
