// The words between the two sides of the comparison over many flows.
import type { Plan, Subject, Trial } from './measurement';
import type { Ip } from './rule';
import type { Family } from './ruleset-generator';

/** What the comparison's guest is to do. */
export interface FlowPlan extends Plan {
  readonly trials: readonly FlowTrial[];
  /** The program that sends frames. */
  readonly sender: string;
}

/** A trial, and its packets as a file of frames. */
export interface FlowTrial extends Trial {
  readonly frames: string;
}

/** What a packet costs by the clock. */
export interface FlowCost {
  readonly subject: Subject;
  readonly family: Family;
  readonly ip: Ip;
  readonly rules: number;
  /** How many of the rules the subject can hold. */
  readonly held: number;
  /** How many of the flows some rule that it holds matches. */
  readonly hits: number;
  /** With nothing but the bare hook, sending included. */
  readonly bareNanoseconds: number;
  /** Above that. */
  readonly nanoseconds: number;
}

/** What the guest reports. */
export type FlowReport =
  | { readonly kind: 'machine'; readonly kernel: string; readonly processor: string }
  | ({ readonly kind: 'flow' } & FlowCost);
