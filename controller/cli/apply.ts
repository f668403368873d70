/** `nsgate apply` and `nsgate delete`. */
import { UpdatePolicyRequest, type Policy } from '@nsgate/proto';
import { call } from './call';
import type { Connection } from './connection';
import { readResourceFile, ResourceFileError } from './resource-file';

/** What the commands share: where to, and how to tell. */
export interface CommandContext {
  readonly connection: Connection;
  readonly print: (line: string) => void;
}

/** What the controller said about one of the policies; the cause is an RpcError. */
export class ApplyError extends Error {
  constructor(
    readonly policy: string,
    override readonly cause: unknown,
  ) {
    super(`${policy} cannot be applied`);
  }
}

interface ApplyOptions {
  readonly dryRun: boolean;
  readonly reason: string;
}

/** Creates or updates every policy of the files; nothing is stored unless the controller finds all of them valid. */
export async function applyFiles(
  { connection, print }: CommandContext,
  files: readonly string[],
  { dryRun, reason }: ApplyOptions,
): Promise<void> {
  const policies = readAll(files);
  const update = (policy: Policy, validateOnly: boolean): Promise<Policy> =>
    call(
      connection.policies.updatePolicy.bind(connection.policies),
      UpdatePolicyRequest.fromPartial({ policy, allowMissing: true, validateOnly, reason }),
    ).catch((error: unknown) => Promise.reject(new ApplyError(policy.name, error)));
  for (const policy of policies) await update(policy, true);
  if (dryRun) print(`valid: ${policies.map(({ name }) => name).join(', ')}`);
  for (const policy of dryRun ? [] : policies) {
    const stored = await update(policy, false);
    print(`${stored.name} stands at revision ${stored.revision}`);
  }
}

export async function deletePolicy(
  { connection, print }: CommandContext,
  name: string,
  reason: string,
): Promise<void> {
  const method = connection.policies.deletePolicy.bind(connection.policies);
  const fullName = policyName(name);
  await call(method, { name: fullName, etag: '', allowMissing: false, validateOnly: false, reason });
  print(`${fullName} is deleted`);
}

/** `policies/web` for `web` and for itself. */
export function policyName(name: string): string {
  return name.includes('/') ? name : `policies/${name}`;
}

/** `hosts/web-1` for `web-1` and for itself. */
export function hostName(name: string): string {
  return name.includes('/') ? name : `hosts/${name}`;
}

function readAll(files: readonly string[]): Policy[] {
  const problems: string[] = [];
  const policies = files.flatMap((file) => {
    try {
      return readResourceFile(file).flatMap((one) => (one.kind === 'Policy' ? [one.policy] : []));
    } catch (error) {
      if (!(error instanceof ResourceFileError)) throw error;
      problems.push(...error.problems);
      return [];
    }
  });
  if (problems.length > 0) throw new ResourceFileError(problems);
  return policies;
}
