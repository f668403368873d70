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
  readonly #keysOfPolicy = new Map<string, readonly bigint[]>();
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
    this.remove(name);
    const keys = rules.map(({ id }) => {
      const key = this.keyOf(uid, id);
      this.#names.set(key, { policy: name, ruleId: id });
      this.#retired.delete(key);
      return key;
    });
    this.#keysOfPolicy.set(name, keys);
    this.#forgetOldest();
  }

  /** The policy is gone. */
  remove(name: string): void {
    for (const key of this.#keysOfPolicy.get(name) ?? []) this.#retired.add(key);
    this.#keysOfPolicy.delete(name);
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
