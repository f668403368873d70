/** Takes in what the controller wants, in order: tried, made durable, and only then held and answered. */
import type { Logger } from 'pino';
import { kernelSetName, type AddressSet, type SetChange } from './address-set';
import type { DesiredState } from './desired-state';
import type { Policy } from './policy';

export type Change =
  | { kind: 'hold'; policy: Policy }
  | { kind: 'release'; name: string }
  | SetStep
  /** Everything that was wanted has been submitted before this. */
  | { kind: 'complete' };

type SetStep =
  | { kind: 'hold-set'; set: AddressSet }
  | { kind: 'change-set'; name: string; change: SetChange }
  | { kind: 'release-set'; name: string };

/** Why a change was not taken: nothing has changed then. */
export interface Refusal {
  /** For the operator. */
  reason: string;
  /** The cause lies with the host and may pass: the same change may be taken later. */
  passing: boolean;
}

/** Undefined when the change is durably held. */
export type Outcome = Refusal | undefined;

export interface IntakeOptions {
  desired: DesiredState;
  /** Asks the kernel about each policy by itself: gives the reasons of those that it would refuse. */
  tryOut: (policies: readonly Policy[]) => ReadonlyMap<Policy, string>;
  log: Logger;
  /** What is desired has changed. */
  onChange: () => void;
}

interface Submission<C = Change> {
  change: C;
  settle: (outcome: Outcome) => void;
}

type PolicySubmission = Submission<Exclude<Change, SetStep>>;

/** Changes that arrive while others are being stored are taken together: those of policies in one write. */
export class Intake {
  #waiting: Submission[] = [];
  #working: Promise<void> | undefined;

  constructor(private readonly options: IntakeOptions) {}

  submit(change: Change): Promise<Outcome> {
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

  /** Sets before policies: each is a file of its own, and a policy is the better for finding its sets. */
  async #take(batch: Submission[]): Promise<void> {
    const sets = batch.filter((one): one is Submission<SetStep> => isSetStep(one.change));
    const policies = batch.filter((one): one is PolicySubmission => !isSetStep(one.change));
    let hasChanged = false;
    for (const { change, settle } of sets) {
      const fault = await this.#storeSet(change);
      settle(fault);
      hasChanged ||= fault === undefined;
    }
    const { accepted, refused } = this.#tryOut(policies);
    const fault = await this.#store(accepted);
    for (const { settle } of accepted) settle(fault);
    for (const { submission, reason } of refused) submission.settle(lasting(reason));
    if (hasChanged || (fault === undefined && accepted.length > 0)) this.options.onChange();
  }

  async #storeSet(step: SetStep): Promise<Outcome> {
    const { desired } = this.options;
    try {
      switch (step.kind) {
        case 'hold-set':
          await desired.holdSet(step.set);
          return undefined;
        case 'change-set':
          return await this.#changeSet(step.name, step.change);
        case 'release-set':
          await desired.releaseSet(step.name);
          return undefined;
      }
    } catch (error) {
      return this.#cannotStore(error);
    }
  }

  async #changeSet(name: string, change: SetChange): Promise<Outcome> {
    const set = this.options.desired.sets.get(kernelSetName(name) ?? name);
    if (set === undefined) return lasting(`${name} is not held on this host`);
    if (set.revision !== change.from)
      return lasting(`${name} is held at revision ${set.revision}, not ${change.from}`);
    await this.options.desired.changeSet(set, change);
    return undefined;
  }

  #tryOut(batch: PolicySubmission[]): {
    accepted: PolicySubmission[];
    refused: { submission: PolicySubmission; reason: string }[];
  } {
    const { desired } = this.options;
    const unseen = batch
      .map(({ change }) => change)
      .filter((change) => change.kind === 'hold')
      .filter(({ policy }) => desired.policies.get(policy.name)?.digest !== policy.digest);
    const reasons = this.options.tryOut(unseen.map(({ policy }) => policy));
    const accepted: PolicySubmission[] = [];
    const refused: { submission: PolicySubmission; reason: string }[] = [];
    for (const submission of batch) {
      const { change } = submission;
      const reason = change.kind === 'hold' ? reasons.get(change.policy) : undefined;
      if (reason === undefined) accepted.push(submission);
      else refused.push({ submission, reason });
    }
    return { accepted, refused };
  }

  async #store(accepted: PolicySubmission[]): Promise<Outcome> {
    const { desired } = this.options;
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
      return this.#cannotStore(error);
    }
  }

  #cannotStore(error: unknown): Refusal {
    this.options.log.error({ err: error }, 'cannot store the desired state; the change is refused');
    return { reason: `the host cannot store it: ${(error as Error).message}`, passing: true };
  }
}

/** As long as neither the change nor the host is another. */
function lasting(reason: string): Refusal {
  return { reason, passing: false };
}

function isSetStep(change: Change): change is SetStep {
  return change.kind === 'hold-set' || change.kind === 'change-set' || change.kind === 'release-set';
}

function isSame(policies: ReadonlyMap<string, Policy>, { policies: held }: DesiredState): boolean {
  if (policies.size !== held.size) return false;
  return [...policies].every(([name, policy]) => held.get(name) === policy);
}
