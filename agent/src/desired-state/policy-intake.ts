/** Takes in what the controller wants, in order: tried, made durable, and only then held and answered. */
import type { Logger } from 'pino';
import type { DesiredState } from './desired-state';
import type { Policy } from './policy';

export type PolicyChange =
  | { kind: 'hold'; policy: Policy }
  | { kind: 'release'; name: string }
  /** Everything that was wanted has been submitted before this. */
  | { kind: 'complete' };

/** Undefined when the change is durably held; otherwise why it was refused, and nothing has changed. */
export type Refusal = string | undefined;

export interface PolicyIntakeOptions {
  desired: DesiredState;
  /** Asks the kernel about each policy by itself: gives the reasons of those that it would refuse. */
  tryOut: (policies: readonly Policy[]) => ReadonlyMap<Policy, string>;
  log: Logger;
  /** What is desired has changed. */
  onChange: () => void;
}

interface Submission {
  change: PolicyChange;
  settle: (refusal: Refusal) => void;
}

/** Changes that arrive while others are being stored are stored together, in one write. */
export class PolicyIntake {
  #waiting: Submission[] = [];
  #working: Promise<void> | undefined;

  constructor(private readonly options: PolicyIntakeOptions) {}

  submit(change: PolicyChange): Promise<Refusal> {
    return new Promise((settle) => {
      this.#waiting.push({ change, settle });
      this.#working ??= this.#work();
    });
  }

  /** Resolves once everything submitted so far is settled. */
  async idle(): Promise<void> {
    await this.#working;
  }

  async #work(): Promise<void> {
    // Messages of one network packet come in one after the other: let them gather.
    await new Promise(setImmediate);
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      await this.#take(batch);
    }
    this.#working = undefined;
  }

  async #take(batch: Submission[]): Promise<void> {
    const { accepted, refused } = this.#tryOut(batch);
    const fault = await this.#store(accepted);
    for (const { settle } of accepted) settle(fault);
    for (const { submission, reason } of refused) submission.settle(reason);
    if (fault === undefined && accepted.length > 0) this.options.onChange();
  }

  #tryOut(batch: Submission[]): {
    accepted: Submission[];
    refused: { submission: Submission; reason: string }[];
  } {
    const { desired } = this.options;
    const unseen = batch
      .map(({ change }) => change)
      .filter((change) => change.kind === 'hold')
      .filter(({ policy }) => desired.policies.get(policy.name)?.digest !== policy.digest);
    const reasons = this.options.tryOut(unseen.map(({ policy }) => policy));
    const accepted: Submission[] = [];
    const refused: { submission: Submission; reason: string }[] = [];
    for (const submission of batch) {
      const { change } = submission;
      const reason = change.kind === 'hold' ? reasons.get(change.policy) : undefined;
      if (reason === undefined) accepted.push(submission);
      else refused.push({ submission, reason });
    }
    return { accepted, refused };
  }

  async #store(accepted: Submission[]): Promise<Refusal> {
    const { desired, log } = this.options;
    if (accepted.length === 0) return undefined;
    const policies = new Map(desired.policies);
    let { completeness } = desired;
    for (const { change } of accepted) {
      if (change.kind === 'hold') policies.set(change.policy.name, change.policy);
      else if (change.kind === 'release') policies.delete(change.name);
      else completeness = 'complete';
    }
    try {
      if (!isSame(policies, desired) || completeness !== desired.completeness) {
        await desired.replace(policies, completeness);
      }
      return undefined;
    } catch (error) {
      log.error({ err: error }, 'cannot store the desired state; the change is refused');
      return `the host cannot store it: ${(error as Error).message}`;
    }
  }
}

function isSame(policies: ReadonlyMap<string, Policy>, { policies: held }: DesiredState): boolean {
  if (policies.size !== held.size) return false;
  return [...policies].every(([name, policy]) => held.get(name) === policy);
}
