/** `nsgate apply`, `diff -f` and `edit`: what files say becomes what the controller holds. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  BatchApplyPoliciesRequest,
  PreviewPolicyRequest,
  RpcError,
  type BatchApplyPoliciesResponse,
  type Policy,
  type PreviewPolicyResponse,
} from '@nsgate/proto';
import { applySet } from './address-sets';
import { call } from './call';
import { resourceName, type CommandContext } from './command-context';
import { CommandError } from './exit-code';
import { changesText } from './field-changes';
import { paint, yamlText } from './output';
import { waitForAll } from './realization-progress';
import { parseResources, ResourceFileError, type Resource } from './resource-file';
import { readResources } from './resource-paths';
import { policyDocument } from './resources';

export interface ApplyOptions {
  readonly dryRun: boolean;
  readonly reason: string;
  readonly force: boolean;
  readonly wait: boolean;
  /** Seconds. */
  readonly timeout: number;
}

type PolicyResource = Extract<Resource, { kind: 'Policy' }>;

/** Stores everything, policies in one transaction, once all of it is found valid; shows what changes, and waits. */
export async function applyFiles(
  context: CommandContext,
  files: readonly string[],
  options: ApplyOptions,
): Promise<void> {
  await applyResources(context, readResources(files), options);
}

async function applyResources(
  context: CommandContext,
  resources: readonly Resource[],
  options: ApplyOptions,
): Promise<void> {
  const policies = resources.filter((one) => one.kind === 'Policy');
  const sets = resources.filter((one) => one.kind === 'AddressSet');
  const { dryRun, reason, wait, timeout } = options;
  for (const set of sets)
    await atItsPlace([set], () => applySet(context, set, { dryRun: true, reason }), 'address_set');
  const made = new Set(sets.map(({ addressSet }) => addressSet.name));
  await checkPolicies(context, policies, { options, made });
  await showChanges(context, policies);
  if (dryRun) return;
  for (const set of sets) context.print(await applySet(context, set, { dryRun, reason }));
  const { policies: stored } = await batch(context, policies, { ...options, dryRun: false });
  for (const { name, revision } of stored) context.print(`${name} stands at revision ${revision}`);
  if (wait)
    await waitForAll(
      context,
      stored.map(({ name, revision }) => ({ policy: name, revision })),
      timeout,
    );
}

/** A set that the same files make is not there yet: that alone is no mistake. */
async function checkPolicies(
  context: CommandContext,
  policies: readonly PolicyResource[],
  { options, made }: { options: ApplyOptions; made: ReadonlySet<string> },
): Promise<void> {
  try {
    await batch(context, policies, { ...options, dryRun: true });
  } catch (error) {
    const set = error instanceof RpcError ? error.reason?.metadata.addressSet : undefined;
    if (set === undefined || !made.has(set)) throw error;
  }
}

/** Tells how each policy would differ from what stands. Whether any would. */
async function showChanges(context: CommandContext, policies: readonly PolicyResource[]): Promise<boolean> {
  let differs = false;
  for (const resource of policies) {
    const preview = await previewOf(context, resource.policy);
    differs ||= preview.isNew || preview.changes.length > 0;
    context.print(headline(resource.policy.name, preview, context.colours));
    for (const line of changesText(preview.changes, context.colours)) context.print(line);
  }
  return differs;
}

function headline(
  name: string,
  { isNew, changes, hostCount, namespaceCount }: PreviewPolicyResponse,
  colours: boolean,
): string {
  const where = `acts in ${namespaceCount} namespaces of ${hostCount} hosts`;
  if (isNew) return `${paint(`+ ${name}`, 'green', colours)} is new: ${where}`;
  if (changes.length === 0) return `= ${name} is as it stands: ${where}`;
  return `${paint(`~ ${name}`, 'yellow', colours)} changes: ${where}`;
}

function previewOf(
  { connection: { policies } }: CommandContext,
  policy: Policy,
): Promise<PreviewPolicyResponse> {
  return call(policies.previewPolicy.bind(policies), PreviewPolicyRequest.create({ policy }));
}

/** `nsgate diff -f`: what apply would change. */
export async function diffFiles(context: CommandContext, files: readonly string[]): Promise<void> {
  const policies = readResources(files).filter((one) => one.kind === 'Policy');
  const differs = await atItsPlace(policies, () => showChanges(context, policies), 'policy');
  if (differs) throw new CommandError('differs', '');
}

function batch(
  { connection: { policies: client } }: CommandContext,
  resources: readonly PolicyResource[],
  { dryRun, reason, force }: Pick<ApplyOptions, 'dryRun' | 'reason' | 'force'>,
): Promise<BatchApplyPoliciesResponse> {
  if (resources.length === 0) return Promise.resolve({ policies: [], revision: 0n });
  const request = BatchApplyPoliciesRequest.fromPartial({
    policies: resources.map(({ policy }) => policy),
    validateOnly: dryRun,
    reason,
    force,
  });
  return atItsPlace(resources, () => call(client.batchApplyPolicies.bind(client), request), 'policies');
}

/** Does it; fields of which the controller complains are told by their places in the files. */
async function atItsPlace<T>(
  resources: readonly Resource[],
  run: () => Promise<T>,
  root: string,
): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof RpcError) || error.violations.length === 0) throw error;
    throw new ResourceFileError(
      error.violations.map(({ field, description }) => {
        const [, index = '0', path = ''] = new RegExp(`^${root}(?:\\[(\\d+)\\])?\\.?(.*)$`).exec(field) ?? [];
        const resource = resources[Number(index)];
        const inFile = resource !== undefined && field.startsWith(root);
        return inFile ? `${resource.placeOf(path)}: ${path}: ${description}` : `${field}: ${description}`;
      }),
    );
  }
}

/** Opens the policy in an editor, and stores what it has become, if nobody else has changed it meanwhile. */
export async function editPolicy(
  context: CommandContext,
  name: string,
  options: ApplyOptions,
): Promise<void> {
  const { policies } = context.connection;
  const policy = await call(policies.getPolicy.bind(policies), { name: resourceName('policies', name) });
  const before = yamlText(policyDocument(policy));
  const after = editText(before);
  if (after === before) {
    context.print(`${policy.name} stays as it is`);
    return;
  }
  await applyResources(context, parseResources(after, 'edited'), options);
}

function editText(text: string): string {
  const editor = process.env.VISUAL ?? process.env.EDITOR ?? 'vi';
  const folder = mkdtempSync(join(tmpdir(), 'nsgate-edit-'));
  try {
    const file = join(folder, 'policy.yaml');
    writeFileSync(file, text, { mode: 0o600 });
    const { status, error } = spawnSync('sh', ['-c', `${editor} "$1"`, 'sh', file], { stdio: 'inherit' });
    if (error !== undefined || status !== 0)
      throw new CommandError('failed', `the editor ${editor} failed: nothing is changed`);
    return readFileSync(file, 'utf8');
  } finally {
    rmSync(folder, { recursive: true });
  }
}
