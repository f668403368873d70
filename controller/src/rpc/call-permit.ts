/** What one call may change, and what it changed. */
import { status } from '@grpc/grpc-js';
import { RpcError } from '@nsgate/proto';
import type { Grants } from '../access/access-rules';
import type { Change } from '../access/limits';
import type { Role } from '../access/role';
import type { AuditedResource } from '../audit/audit-entry';
import { digestOf } from '../audit/resource-digest';
import { specOf, type PolicySpec } from '../model/policy';
import type { Labels } from '../model/selector';
import type { LabelledSet, Permit } from './caller';

export class CallPermit implements Permit {
  readonly #resources = new Map<string, AuditedResource>();

  constructor(
    private readonly grants: Grants,
    private readonly role: Role,
  ) {}

  policy(name: string, before: PolicySpec | undefined, after: PolicySpec | undefined): void {
    // Of what was written alone, so that the digest after one change is that before the next.
    this.#ask(name, {
      kind: 'policy',
      before: before && specOf(before),
      after: after && specOf(after),
    });
  }

  addressSet(name: string, before: LabelledSet | undefined, after: LabelledSet | undefined): void {
    this.#ask(name, { kind: 'address-set', before, after });
  }

  host(name: string, before: Labels | undefined, after: Labels | undefined): void {
    this.#ask(name, { kind: 'host', before, after });
  }

  /** In the order in which they were first asked for. What failed has changed nothing. */
  resources(failed: boolean): AuditedResource[] {
    const all = [...this.#resources.values()];
    return failed ? all.map(({ name, before }) => ({ name, before, after: before })) : all;
  }

  #ask(name: string, change: Change): void {
    this.#resources.set(name, { name, before: digestOf(change.before), after: digestOf(change.after) });
    const objection = this.grants.objection(this.role, change);
    if (objection === undefined) return;
    throw new RpcError(status.PERMISSION_DENIED, `your bindings do not extend to ${name}: ${objection}`, {
      reason: { reason: 'OUTSIDE_LIMITS', metadata: { resource: name } },
    });
  }
}

/** For callers who change nothing that operators write. */
export const NOTHING_PERMITTED: Permit = { policy: refuse, addressSet: refuse, host: refuse };

function refuse(name: string): void {
  throw new RpcError(status.PERMISSION_DENIED, `${name} cannot be changed by this caller`);
}
