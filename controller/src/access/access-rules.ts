/** Which roles a principal has. */
import { principalName, type Principal } from '../identity/principal';
import type { AccessFile, Binding } from './access-file';
import { outsideLimits, type Change } from './limits';
import { contains, type Role } from './role';

type Grant = Pick<Binding, 'role' | 'policyLabels' | 'hosts'>;

const ADMIN: Grant = { role: 'admin', policyLabels: new Map(), hosts: new Map() };

/** What a principal may do. */
export class Grants {
  constructor(private readonly grants: readonly Grant[]) {}

  allows(role: Role): boolean {
    return this.grants.some((grant) => contains(grant.role, role));
  }

  /** Why no grant of the role extends to the change; undefined when one does. */
  objection(role: Role, change: Change): string | undefined {
    let why: string | undefined;
    for (const grant of this.grants.filter((one) => contains(one.role, role))) {
      const objection = outsideLimits(grant, change);
      if (objection === undefined) return undefined;
      why ??= objection;
    }
    return why ?? `the role ${role} is needed`;
  }
}

/**
 * The local socket is for administrators, always: it is the way back in for who has locked himself out by the file. Without a file, so
 * are operators' certificates.
 */
export function grantsOf(file: AccessFile | undefined, principal: Principal): Grants {
  if (principal.kind === 'local') return new Grants([ADMIN]);
  if (principal.kind === 'host' || principal.kind === 'anonymous') return new Grants([]);
  if (file === undefined) return new Grants(principal.kind === 'certificate' ? [ADMIN] : []);
  const names = namesOf(file, principal);
  return new Grants(
    file.bindings.filter(({ principals }) => [...names].some((name) => principals.has(name))),
  );
}

/** The principal and its groups, those of its issuer and those of the file. */
function namesOf({ groups }: AccessFile, principal: Principal): Set<string> {
  const own = principalName(principal);
  const issued = principal.kind === 'oidc' ? principal.groups.map((group) => `group:${group}`) : [];
  const listed = [...groups].flatMap(([name, members]) => (members.has(own) ? [`group:${name}`] : []));
  return new Set([own, ...issued, ...listed]);
}
