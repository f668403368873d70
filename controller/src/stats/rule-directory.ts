/**
 * Which rule of which policy a rule key stands for, and when it was hit last. Keys of rules and policies that are gone are still known for a
 * while: hosts report what such a rule counted last after it is gone.
 */
import type { Policy } from '../model/policy';

export interface RuleName {
  /** `policies/{policy_id}`. */
  readonly policy: string;
  readonly ruleId: string;
}

/** A rule of a policy that stands. */
export interface StandingRule extends RuleName {
  readonly key: bigint;
  /** Since when it is there, as far as is known; milliseconds since 1970. */
  readonly since: number;
  /** On any host; milliseconds since 1970, 0 for never. */
  readonly lastHit: number;
}

/** When a rule was hit last; whoever counts holds it, and asks for another when this one is forgotten. */
export class RuleHits {
  /** On any host; milliseconds since 1970, 0 for never. */
  last = 0;
  isForgotten = false;
  #isFresh = false;

  constructor(private readonly onFresh: () => void) {}

  note(at: number): void {
    if (at <= this.last) return;
    this.last = at;
    if (this.#isFresh) return;
    this.#isFresh = true;
    this.onFresh();
  }

  /** It has been seen to. */
  settle(): void {
    this.#isFresh = false;
  }
}

/** Makes the key of a rule out of its policy's uid and its id. */
export type RuleKeyOf = (policyUid: string, ruleId: string) => bigint;

interface Known extends RuleName {
  readonly since: number;
}

const MAX_RETIRED = 100_000;

export class RuleDirectory {
  readonly #known = new Map<bigint, Known>();
  readonly #keysOfPolicy = new Map<string, ReadonlySet<bigint>>();
  readonly #hits = new Map<bigint, RuleHits>();
  /** In the order in which they were retired. */
  readonly #retired = new Set<bigint>();
  #freshHits = new Set<bigint>();

  constructor(
    private readonly keyOf: RuleKeyOf,
    private readonly maxRetired = MAX_RETIRED,
    private readonly now: () => number = Date.now,
  ) {}

  hasPolicy(name: string): boolean {
    return this.#keysOfPolicy.has(name);
  }

  find(key: bigint): RuleName | undefined {
    return this.#known.get(key);
  }

  /** The policy is new or has changed. */
  put({
    name,
    uid,
    rules,
    createTime,
  }: Pick<Policy, 'name' | 'uid' | 'rules'> & { readonly createTime?: Date }): void {
    const keys = new Set<bigint>();
    // A rule that an update brings is new; of a policy that is met for the first time, nothing better is known than its age.
    const isUpdate = this.#keysOfPolicy.has(name);
    const since = isUpdate ? this.now() : (createTime?.getTime() ?? this.now());
    for (const { id } of rules) {
      const key = this.keyOf(uid, id);
      keys.add(key);
      const isStanding = this.#known.has(key) && !this.#retired.has(key);
      if (!isStanding) this.#known.set(key, { policy: name, ruleId: id, since });
      this.#retired.delete(key);
    }
    this.#retire(name, keys);
    this.#keysOfPolicy.set(name, keys);
  }

  /** The policy is gone. */
  remove(name: string): void {
    this.#retire(name, new Set());
    this.#keysOfPolicy.delete(name);
  }

  /** Where to note when the rule is hit. */
  hits(key: bigint): RuleHits {
    const known = this.#hits.get(key);
    if (known !== undefined) return known;
    const hits = new RuleHits(() => this.#freshHits.add(key));
    this.#hits.set(key, hits);
    return hits;
  }

  /** The rule was hit at a time. */
  noteHit(key: bigint, at: number): void {
    this.hits(key).note(at);
  }

  lastHit(key: bigint): number {
    return this.#hits.get(key)?.last ?? 0;
  }

  /** Hits that were noted since this was asked last, by key. */
  takeFreshHits(): [key: bigint, at: number][] {
    const fresh = this.#freshHits;
    this.#freshHits = new Set();
    return [...fresh].map((key) => {
      this.hits(key).settle();
      return [key, this.lastHit(key)];
    });
  }

  /** Names of the policies that stand, in no order. */
  policies(): Iterable<string> {
    return this.#keysOfPolicy.keys();
  }

  /** As `standing`, names alone: the same object for as long as the rule stands. */
  *inForce(): Generator<RuleName> {
    for (const keys of this.#keysOfPolicy.values()) {
      for (const key of keys) {
        const known = this.#known.get(key);
        if (known !== undefined) yield known;
      }
    }
  }

  /** All rules of the policies that stand, in no order. */
  *standing(): Generator<StandingRule> {
    for (const keys of this.#keysOfPolicy.values()) {
      for (const key of keys) {
        const known = this.#known.get(key);
        if (known !== undefined) yield { ...known, key, lastHit: this.lastHit(key) };
      }
    }
  }

  /** The policy has no rules any more but those of the keys that stay. */
  #retire(name: string, stay: ReadonlySet<bigint>): void {
    for (const key of this.#keysOfPolicy.get(name) ?? []) {
      if (!stay.has(key)) this.#retired.add(key);
    }
    this.#forgetOldest();
  }

  #forgetOldest(): void {
    for (const key of this.#retired) {
      if (this.#retired.size <= this.maxRetired) return;
      this.#retired.delete(key);
      this.#known.delete(key);
      this.#forgetHits(key);
    }
  }

  #forgetHits(key: bigint): void {
    const hits = this.#hits.get(key);
    if (hits !== undefined) hits.isForgotten = true;
    this.#hits.delete(key);
    this.#freshHits.delete(key);
  }
}
