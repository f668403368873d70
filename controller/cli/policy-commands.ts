/** `nsgate delete`, `diff`, `rollback`: single policies and their versions. */
import { DeletePolicyRequest, DiffPolicyRevisionsRequest, RollbackPolicyRequest } from '@nsgate/proto';
import { call } from './call';
import { resourceName, type CommandContext } from './command-context';
import { CommandError } from './exit-code';
import { changesText } from './field-changes';

export async function deletePolicy(
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
  { connection: { policies }, print, colours }: CommandContext,
  name: string,
  { from, to }: { from: string; to: string | undefined },
): Promise<void> {
  const request = DiffPolicyRevisionsRequest.fromPartial({
    name: resourceName('policies', name),
    fromRevision: revisionOf(from),
    toRevision: revisionOf(to ?? '0'),
  });
  const { changes } = await call(policies.diffPolicyRevisions.bind(policies), request);
  for (const line of changesText(changes, colours)) print(line);
  if (changes.length > 0) throw new CommandError('differs', '');
}

export async function rollbackPolicy(
  { connection: { policies }, print }: CommandContext,
  name: string,
  { revision, ...options }: { revision: string; reason: string; force: boolean; dryRun: boolean },
): Promise<{ name: string; revision: bigint }> {
  const { reason, force, dryRun: validateOnly } = options;
  const request = RollbackPolicyRequest.fromPartial({
    name: resourceName('policies', name),
    revision: revisionOf(revision),
    ...{ reason, force, validateOnly },
  });
  const stored = await call(policies.rollbackPolicy.bind(policies), request);
  print(
    validateOnly
      ? `${stored.name} can go back to revision ${revision}`
      : `${stored.name} stands at revision ${stored.revision}`,
  );
  return stored;
}

function revisionOf(text: string): bigint {
  if (!/^\d{1,19}$/.test(text)) throw new CommandError('usage', `${text} is no revision: see nsgate history`);
  return BigInt(text);
}
