/** Rulesets that the kernel refused, so that they are not tried at every pass. */
import type { Digest } from '../kernel-device';

/** How long a ruleset that the kernel refused is not tried again, in milliseconds. */
const LIFETIME_MS = 30_000;

export class RefusedRulesets {
  #refused: { instance: bigint; until: number; rulesets: ReadonlyMap<Digest, string> } | undefined;

  /** In how many milliseconds they are to be tried again; undefined when there are none. */
  get dueInMs(): number | undefined {
    return this.#refused && this.#refused.until - performance.now();
  }

  has(digest: Digest): boolean {
    return this.#refused?.rulesets.has(digest) === true;
  }

  /** Reasons by digest. Another load of the module starts over, and so does the end of their time. */
  known(instance: bigint): ReadonlyMap<Digest, string> {
    if (this.#refused?.instance !== instance || performance.now() >= this.#refused.until) return new Map();
    return this.#refused.rulesets;
  }

  /** Takes the place of what was known; gives those that are new. */
  note(instance: bigint, rulesets: ReadonlyMap<Digest, string>): [Digest, string][] {
    const known = this.known(instance);
    if (rulesets.size === 0) {
      this.#refused = undefined;
      return [];
    }
    const until = known.size > 0 ? this.#refused?.until : undefined;
    this.#refused = { instance, until: until ?? performance.now() + LIFETIME_MS, rulesets };
    return [...rulesets].filter(([digest]) => !known.has(digest));
  }
}
