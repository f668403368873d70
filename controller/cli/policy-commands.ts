/** `nsgate delete`, `diff`, `rollback`: single policies, and sets (by their full names), and their versions. */
import { DeletePolicyRequest, RollbackPolicyRequest } from '@nsgate/proto';
import type { ApplyOptions } from './apply';
import { call } from './call';
import { isSet, resourceName, type CommandContext } from './command-context';
import { CommandError } from './exit-code';
import { changesText } from './field-changes';
import { waitForAll } from './realization-progress';
import { deleteSet, diffSetRevisions, rollbackSet } from './set-versions';

export function deleteResource(
  context: CommandContext,
  name: string,
  options: { reason: string; ignoreMissing: boolean },
): Promise<void> {
  return isSet(name) ? deleteSet(context, name, options) : deletePolicy(context, name, options);
}

async function deletePolicy(
  { connection: { policies }, print }: CommandContext,
  name: string,
  { reason, ignoreMissing }: { reason: string; ignoreMissing: boolean },
): Promise<void> {
  const fullName = resourceName('policies', name);
  const request = DeletePolicyRequest.fromPartial({ name: fullName, reason, allowMissing: ignoreMissing });
  await call(policies.deletePolicy.bind(policies), request);
  print(`${fullName} is deleted`);
}

/** In which fields two versions differ. */
export async function diffRevisions(
  context: CommandContext,
  name: string,
  { from, to }: { from: string; to: string | undefined },
): Promise<void> {
  const range = { fromRevision: revisionOf(from), toRevision: revisionOf(to ?? '0') };
  if (isSet(name)) return diffSetRevisions(context, name, range);
  const { connection, print, colours } = context;
  const { policies } = connection;
  const request = { name: resourceName('policies', name), ...range };
  const { changes } = await call(policies.diffPolicyRevisions.bind(policies), request);
  for (const line of changesText(changes, colours)) print(line);
  if (changes.length > 0) throw new CommandError('differs', '');
}

export async function rollback(
  context: CommandContext,
  name: string,
  { revision: text, ...options }: ApplyOptions & { revision: string },
): Promise<void> {
  const revision = revisionOf(text);
  if (isSet(name)) return rollbackSet(context, name, { ...options, revision });
  const { connection, print } = context;
  const { policies } = connection;
  const { reason, force, dryRun: validateOnly, wait, timeout } = options;
  const request = RollbackPolicyRequest.fromPartial({
    name: resourceName('policies', name),
    ...{ revision, reason, force, validateOnly },
  });
  const stored = await call(policies.rollbackPolicy.bind(policies), request);
  if (validateOnly) {
    print(`${stored.name} can go back to revision ${revision}`);
    return;
  }
  print(`${stored.name} stands at revision ${stored.revision}`);
  if (wait) await waitForAll(context, [{ policy: stored.name, revision: stored.revision }], timeout);
}

function revisionOf(text: string): bigint {
  if (!/^\d{1,19}$/.test(text)) throw new CommandError('usage', `${text} is no revision: see nsgate history`);
  return BigInt(text);
}
