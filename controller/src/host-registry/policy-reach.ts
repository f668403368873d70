/** How many connected hosts each policy chooses, and how many of them do not hold it as it is: counted as it changes. */

type Standing = 'unwanted' | 'behind' | 'level';

export interface Reach {
  readonly hosts: number;
  readonly behind: number;
}

const NOWHERE: Reach = { hosts: 0, behind: 0 };

export class PolicyReach {
  readonly #reach = new Map<string, Reach>();

  get(policy: string): Reach {
    return this.#reach.get(policy) ?? NOWHERE;
  }

  /** A host's standing with the policy has changed. */
  move(policy: string, before: Standing, after: Standing): void {
    const { hosts, behind } = this.get(policy);
    const moved = {
      hosts: hosts + Number(after !== 'unwanted') - Number(before !== 'unwanted'),
      behind: behind + Number(after === 'behind') - Number(before === 'behind'),
    };
    if (moved.hosts === 0) this.#reach.delete(policy);
    else this.#reach.set(policy, moved);
  }
}
