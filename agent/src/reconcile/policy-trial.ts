/** Asks the kernel about policies before they are held: would it take each of them, by itself? Leaves nothing behind. */
import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import type { Policy } from '../desired-state/policy';
import {
  KernelRefusal,
  KernelUnavailable,
  MatchKind,
  type CommitObject,
  type KernelDevice,
  type Ruleset,
} from '../kernel-device';
import { describeRule, rulesetOf } from './compose';
import { isTransient } from './kernel-programmer';

export interface PolicyTrialOptions {
  /** Throws KernelUnavailable when there is no module to ask. */
  openKernel: () => KernelDevice;
  log: Logger;
}

/**
 * Gives the reason for each policy that the kernel refuses. A policy that cannot be tried, because the module is not loaded
 * or short of memory, is not refused: what becomes of it shows when it is realized.
 */
export function tryOut(policies: readonly Policy[], options: PolicyTrialOptions): Map<Policy, string> {
  const reasons = new Map<Policy, string>();
  if (policies.length === 0) return reasons;
  try {
    const kernel = options.openKernel();
    try {
      tryAll(kernel, policies, reasons);
    } finally {
      kernel.close();
    }
  } catch (error) {
    if (!(error instanceof KernelUnavailable)) {
      options.log.warn({ err: error }, 'policies could not be tried in the kernel before they are held');
    }
  }
  return reasons;
}

/** Every refusal takes one policy out of the next try. */
function tryAll(kernel: KernelDevice, policies: readonly Policy[], reasons: Map<Policy, string>): void {
  const left = [...policies];
  while (left.length > 0) {
    try {
      kernel.commit(left.flatMap((policy, index) => trialObjects(policy, index)));
      return;
    } catch (error) {
      if (!(error instanceof KernelRefusal) || isTransient(error.detail)) throw error;
      const [refused] = left.splice(Math.floor((error.detail.object ?? policies.length * 2) / 2), 1);
      if (refused === undefined) throw error;
      reasons.set(refused, describe(refused, error));
    }
  }
}

/**
 * Put and dropped in one commit. The digest is of its own kind: by the ruleset's own one the kernel would look at nothing if
 * it held that ruleset already, and could not drop it if it were bound. Nor may two of one commit have one digest.
 */
function trialObjects(policy: Policy, index: number): CommitObject[] {
  const trial = createHash('sha256').update(`trial ${index} of ${policy.digest}`).digest('hex');
  return [
    { type: 'ruleset-put', digest: trial, ruleset: withoutSets(rulesetOf([policy])) },
    { type: 'ruleset-drop', digest: trial },
  ];
}

/** A set may still be on its way to the kernel, and what it holds is no part of a rule's form. */
function withoutSets(ruleset: Ruleset): Ruleset {
  const rules = ruleset.rules.map((rule) => ({
    ...rule,
    matches: rule.matches.filter(({ kind }) => kind !== MatchKind.SRC_SET && kind !== MatchKind.DST_SET),
  }));
  return { ...ruleset, rules };
}

function describe(refused: Policy, { detail }: KernelRefusal): string {
  const where = detail.rule === undefined ? '' : `${describeRule({ policies: [refused] }, detail.rule)}: `;
  return `the kernel module refused it: ${where}${detail.reason} (${detail.errno})`;
}
