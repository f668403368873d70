/** Who calls, as handlers see it: known, let in, and held to what may be changed. */
import type { Labels } from '../model/selector';
import type { PolicySpec } from '../model/policy';

/** How a call came in: over the Unix socket, whose file permissions decide who may, or over TLS. */
export type Transport = 'unix-socket' | 'tls';

export interface Caller {
  readonly kind: 'operator' | 'host' | 'anonymous';
  /** From the certificate or token; `local` on the Unix socket; empty for anonymous. */
  readonly id: string;
  /** Of the peer's host, or `unix`: by this, tries are counted. */
  readonly peer: string;
  readonly permit: Permit;
  /** To be asked before what lasts: throws PERMISSION_DENIED when the caller's certificate was taken back since he was let in. */
  demandStanding(): void;
}

/**
 * What one call may change. A handler asks before each change, with what stands and with what is to be (undefined: nothing); what it
 * asks is on record. Throws PERMISSION_DENIED for what lies outside of the caller's bindings.
 */
export interface Permit {
  policy(name: string, before: PolicySpec | undefined, after: PolicySpec | undefined): void;
  addressSet(name: string, before: LabelledSet | undefined, after: LabelledSet | undefined): void;
  /** Labels that policies choose the host by. */
  host(name: string, before: Labels | undefined, after: Labels | undefined): void;
}

export interface LabelledSet {
  readonly labels: Labels;
}
