/** What each method asks of its caller, as its .proto says it. */
import {
  createFileRegistry,
  fromBinary,
  getOption,
  type DescMethod,
  type DescExtension,
} from '@bufbuild/protobuf';
import { FileDescriptorSetSchema, MethodOptions_IdempotencyLevel } from '@bufbuild/protobuf/wkt';
import type { RequiredRole } from './role';

export interface MethodRule {
  readonly role: RequiredRole;
  /** Whether every call of it is on record, and not those alone that are refused. */
  readonly audited: boolean;
}

/** By path, such as `/nsgate.v1.PolicyService/GetPolicy`. */
export type MethodRules = ReadonlyMap<string, MethodRule>;

const OPTION = 'nsgate.v1.required_role';

/** By number, nsgate.v1.Role. */
const ROLES: readonly (RequiredRole | undefined)[] = [
  undefined,
  'viewer',
  'editor',
  'operator',
  'admin',
  'host',
  'anyone',
];

/** Reads the rules of every method of nsgate.v1 in a FileDescriptorSet. Throws an Error that names the methods without a role. */
export function readMethodRules(descriptors: Uint8Array): MethodRules {
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptors));
  const option = registry.getExtension(OPTION);
  if (option === undefined) throw new Error(`the API description does not define ${OPTION}`);
  const methods = [...registry]
    .filter((one) => one.kind === 'service')
    .filter(({ typeName }) => typeName.startsWith('nsgate.v1.'))
    .flatMap(({ methods }) => methods);
  const open = methods.filter((method) => roleOf(method, option) === undefined);
  if (open.length > 0) throw new Error(`no role is required of ${open.map(pathOf).join(', ')}`);
  const rules = methods.flatMap((method): [string, MethodRule][] => {
    const role = roleOf(method, option);
    return role === undefined ? [] : [[pathOf(method), { role, audited: isAudited(method) }]];
  });
  return new Map(rules);
}

/** What comes over a host's stream is reports, not changes. */
function isAudited({ idempotency, methodKind }: DescMethod): boolean {
  return idempotency !== MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS && methodKind === 'unary';
}

function roleOf(method: DescMethod, option: DescExtension): RequiredRole | undefined {
  return ROLES[getOption(method, option) as number];
}

function pathOf({ parent, name }: DescMethod): string {
  return `/${parent.typeName}/${name}`;
}
