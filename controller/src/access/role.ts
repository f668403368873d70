/** Roles, and which contains which (proto/nsgate/v1/access.proto). */

/** What can be given to a principal. */
export const ROLES = ['viewer', 'editor', 'operator', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** What a method can ask for. */
export type RequiredRole = Role | 'host' | 'anyone';

const CONTAINS: Readonly<Record<Role, readonly Role[]>> = {
  viewer: ['viewer'],
  editor: ['viewer', 'editor'],
  operator: ['viewer', 'operator'],
  admin: ROLES,
};

/** Whether who has the one role may do what the other may. */
export function contains(held: Role, needed: Role): boolean {
  return CONTAINS[held].includes(needed);
}
