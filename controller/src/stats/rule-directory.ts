/**
 * Which rule of which policy a rule key stands for. Keys of rules and policies that are gone are still known for a while:
 * hosts report what such a rule counted last after it is gone.
 */
import type { Policy } from '../model/policy';

export interface RuleName {
  /** `policies/{policy_id}`. */
  readonly policy: string;
  readonly ruleId: string;
}

/** Makes the key of a rule out of its policy's uid and its id. */
export type RuleKeyOf = (policyUid: string, ruleId: string) => bigint;

const MAX_RETIRED = 100_000;

export class RuleDirectory {
  readonly #names = new Map<bigint, RuleName>();
  readonly #keysOfPolicy = new Map<string, ReadonlySet<bigint>>();
  /** In the order in which they were retired. */
  readonly #retired = new Set<bigint>();

  constructor(
    private readonly keyOf: RuleKeyOf,
    private readonly maxRetired = MAX_RETIRED,
  ) {}

  find(key: bigint): RuleName | undefined {
    return this.#names.get(key);
  }

  /** The policy is new or has changed. */
  put({ name, uid, rules }: Pick<Policy, 'name' | 'uid' | 'rules'>): void {
    const keys = new Set<bigint>();
    for (const { id } of rules) {
      const key = this.keyOf(uid, id);
      keys.add(key);
      this.#names.set(key, { policy: name, ruleId: id });
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
      this.#names.delete(key);
    }
  }
}
