/** `nsgate apply`, `diff -f` and `edit`: what files say becomes what the controller holds. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  ApplyResourcesRequest,
  PreviewPolicyRequest,
  RpcError,
  type AddressSetApplication,
  type ApplyResourcesResponse,
  type Policy,
  type PreviewPolicyResponse,
} from '@nsgate/proto';
import { call } from './call';
import { resourceName, type CommandContext } from './command-context';
import { CommandError } from './exit-code';
import { changesText } from './field-changes';
import { paint, yamlText } from './output';
import { waitForAll } from './realization-progress';
import { parseResources, ResourceFileError, type Resource } from './resource-file';
import { readResources } from './resource-paths';
import { policyDocument } from './resources';
import { inCalls, isChange, MEMBERS_A_CALL, planSet, planText, type SetPlan } from './set-plan';

export interface ApplyOptions {
  readonly dryRun: boolean;
  readonly reason: string;
  readonly force: boolean;
  readonly wait: boolean;
  /** Seconds. */
  readonly timeout: number;
}

type PolicyResource = Extract<Resource, { kind: 'Policy' }>;

/** Stores everything as one transaction, once all of it is found valid; shows what changes, and waits. */
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
  const wanted = await planAll(context, resources);
  await store(context, wanted, { ...options, dryRun: true });
  await showChanges(context, wanted);
  if (options.dryRun) return;
  const { policies, addressSets } = await store(context, wanted, options);
  for (const { name, memberCount, revision } of addressSets)
    context.print(`${name} has ${memberCount} members at revision ${revision}`);
  for (const { name, revision } of policies) context.print(`${name} stands at revision ${revision}`);
  if (!options.wait) return;
  const awaited = policies.map(({ name, revision }) => ({ policy: name, revision }));
  await waitForAll(context, awaited, options.timeout);
}

interface Wanted {
  readonly policies: readonly PolicyResource[];
  readonly sets: readonly SetPlan[];
}

async function planAll({ connection }: CommandContext, resources: readonly Resource[]): Promise<Wanted> {
  const policies = resources.filter((one) => one.kind === 'Policy');
  const sets: SetPlan[] = [];
  for (const resource of resources)
    if (resource.kind === 'AddressSet') sets.push(await planSet(connection, resource));
  return { policies, sets };
}

/** As one transaction; sets whose members are too many for one are brought near beforehand. */
async function store(
  { connection: { resources: client }, note }: CommandContext,
  wanted: Wanted,
  { dryRun, reason, force }: Pick<ApplyOptions, 'dryRun' | 'reason' | 'force'>,
): Promise<ApplyResourcesResponse> {
  const calls = inCalls(wanted.sets);
  const last = calls.pop() ?? [];
  const send = (
    policies: Policy[],
    addressSets: AddressSetApplication[],
  ): Promise<ApplyResourcesResponse> => {
    const request = ApplyResourcesRequest.fromPartial({ policies, addressSets, reason, force });
    const apply = client.applyResources.bind(client);
    return atItsPlace(wanted, addressSets, () => call(apply, { ...request, validateOnly: dryRun }));
  };
  if (calls.length > 0 && !dryRun)
    note(`members change in ${calls.length + 1} transactions: one takes ${MEMBERS_A_CALL}`);
  for (const sets of calls) await send([], sets);
  return send(
    wanted.policies.map(({ policy }) => policy),
    last,
  );
}

/** Tells how each resource would differ from what stands. Whether any would. */
async function showChanges(context: CommandContext, { policies, sets }: Wanted): Promise<boolean> {
  let differs = sets.some(isChange);
  for (const plan of sets) for (const line of planText(plan, context.colours)) context.print(line);
  for (const resource of policies) {
    const preview = await previewOf(context, resource);
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
  resource: PolicyResource,
): Promise<PreviewPolicyResponse> {
  const request = PreviewPolicyRequest.create({ policy: resource.policy });
  return atPlaces(
    (field) => placeWithin(resource, /^policy\.?(.*)$/.exec(field)?.[1]),
    () => call(policies.previewPolicy.bind(policies), request),
  );
}

/** `nsgate diff -f`: what apply would change. */
export async function diffFiles(context: CommandContext, files: readonly string[]): Promise<void> {
  const differs = await showChanges(context, await planAll(context, readResources(files)));
  if (differs) throw new CommandError('differs', '');
}

/** Does it; fields of which the controller complains are told by their places in the files. */
function atItsPlace<T>(
  { policies, sets }: Wanted,
  sent: readonly AddressSetApplication[],
  run: () => Promise<T>,
): Promise<T> {
  return atPlaces((field) => {
    const [, list, index = '0', path] = /^(policies|address_sets)\[(\d+)\]\.?(.*)$/.exec(field) ?? [];
    if (list === 'policies') return placeWithin(policies[Number(index)], path);
    const application = sent[Number(index)];
    const plan = sets.find(({ resource }) => resource.addressSet.name === application?.addressSet?.name);
    return list === undefined ? undefined : placeWithin(plan?.resource, setPath(plan, application, path));
  }, run);
}

/** In the file, of a field of what was sent. */
function setPath(plan: SetPlan | undefined, sent: AddressSetApplication | undefined, path = ''): string {
  const [, index] = /^add\[(\d+)\]$/.exec(path) ?? [];
  if (index === undefined) return path.replace(/^address_set\.?/, '');
  return `members[${plan?.resource.members?.indexOf(sent?.add[Number(index)] ?? '') ?? 0}]`;
}

function placeWithin(resource: Resource | undefined, path = ''): string | undefined {
  return resource && `${resource.placeOf(path)}: ${path}`;
}

async function atPlaces<T>(
  placeOf: (field: string) => string | undefined,
  run: () => Promise<T>,
): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof RpcError) || error.violations.length === 0) throw error;
    throw new ResourceFileError(
      error.violations
        .map(({ field, description }) => `${placeOf(field) ?? field}: ${description}`)
        .sort(new Intl.Collator('en', { numeric: true }).compare),
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
  const file = join(mkdtempSync(join(tmpdir(), 'nsgate-edit-')), 'policy.yaml');
  writeFileSync(file, before, { mode: 0o600 });
  try {
    const after = editText(file);
    if (after === before) context.print(`${policy.name} stays as it is`);
    else await applyResources(context, parseResources(after, file), options);
  } catch (error) {
    if (readFileSync(file, 'utf8') !== before) {
      context.note(`what you wrote is kept in ${file}`);
      throw error;
    }
    rmSync(dirname(file), { recursive: true });
    throw error;
  }
  rmSync(dirname(file), { recursive: true });
}

function editText(file: string): string {
  const editor = process.env.VISUAL ?? process.env.EDITOR ?? 'vi';
  const { status, error } = spawnSync('sh', ['-c', `${editor} "$1"`, 'sh', file], { stdio: 'inherit' });
  if (error !== undefined || status !== 0)
    throw new CommandError('failed', `the editor ${editor} failed: nothing is changed`);
  return readFileSync(file, 'utf8');
}
