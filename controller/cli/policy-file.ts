/**
 * Policy files: YAML (and so JSON) of one document or several, each `kind: Policy` and the JSON form of nsgate.v1.Policy,
 * enum names in full (`HOOK_INPUT`) or short (`INPUT`). What the fields mean is for the controller to judge; what the file
 * says is judged here, with the place of every mistake.
 */
import { readFileSync } from 'node:fs';
import {
  Action,
  Hook,
  LabelOperator,
  Match,
  Policy,
  RejectWith,
  type DefaultVerdict,
  type HostSelector,
  type LabelRequirement,
  type NamespaceSelector,
  type Rule,
} from '@nsgate/proto';
import { LineCounter, isMap, isScalar, parseAllDocuments, type Document, type ParsedNode } from 'yaml';
import { z } from 'zod';

/** Everything that is wrong with a file, a line for each: `file:line:column: what`. */
export class PolicyFileError extends Error {
  override readonly name = 'PolicyFileError';

  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
  }
}

/** Text; a whole number stands for its digits, so that `443` needs no quotes. */
const text = z
  .union([z.string(), z.int()], { error: 'must be text: put it in quotes' })
  .transform((value) => String(value));

/** An enum by name, with or without its prefix. */
function enumName<Value extends number>(values: Readonly<Record<string, string | number>>, prefix: string) {
  const names = Object.keys(values).filter(
    (name) => name.startsWith(prefix) && !name.endsWith('_UNSPECIFIED'),
  );
  const known = names.map((name) => name.slice(prefix.length)).join(', ');
  return z.string().transform((name, context): Value => {
    const full = name.startsWith(prefix) ? name : `${prefix}${name}`;
    if (names.includes(full)) return values[full] as Value;
    context.addIssue({ code: 'custom', message: `is none of ${known}` });
    return z.NEVER;
  });
}

const REQUIREMENT: z.ZodType<LabelRequirement> = z.strictObject({
  key: text,
  operator: enumName<LabelOperator>(LabelOperator, 'LABEL_OPERATOR_'),
  values: z.array(text).default([]),
});

const HOST_SELECTOR: z.ZodType<HostSelector> = z.strictObject({
  requirements: z.array(REQUIREMENT).default([]),
});

const NAMESPACES: z.ZodType<NamespaceSelector> = z.strictObject({
  include: z.array(text).default([]),
  exclude: z.array(text).default([]),
});

const MATCH = z
  .strictObject({
    sources: z.array(text).default([]),
    destinations: z.array(text).default([]),
    protocol: text.default(''),
    sourcePorts: z.array(text).default([]),
    destinationPorts: z.array(text).default([]),
  })
  .transform((match) => Match.fromPartial(match));

const HOOK = enumName<Hook>(Hook, 'HOOK_');
const ACTION = enumName<Action>(Action, 'ACTION_');

const RULE_FIELDS = z.strictObject({
  id: text,
  comment: text.default(''),
  hook: HOOK,
  match: MATCH.optional(),
  action: ACTION,
  shadow: z.boolean().default(false),
  rejectWith: enumName<RejectWith>(RejectWith, 'REJECT_WITH_').default(RejectWith.REJECT_WITH_UNSPECIFIED),
});

const RULE = RULE_FIELDS.transform((rule): Rule => ({ ...rule, match: rule.match, log: undefined }));

const DEFAULT_VERDICT = z
  .strictObject({ hook: HOOK, verdict: ACTION })
  .transform((verdict): DefaultVerdict => ({ ...verdict, log: undefined }));

const GIVEN_BY_CONTROLLER = z.unknown().optional();

const POLICY_DOCUMENT = z
  .strictObject({
    kind: z.literal('Policy'),
    name: text,
    // So that what `nsgate get policies NAME -o json` prints can be applied again.
    etag: text.default(''),
    uid: GIVEN_BY_CONTROLLER,
    revision: GIVEN_BY_CONTROLLER,
    createTime: GIVEN_BY_CONTROLLER,
    updateTime: GIVEN_BY_CONTROLLER,
    description: text.default(''),
    labels: z.record(z.string(), text).default({}),
    hostSelector: HOST_SELECTOR.optional(),
    namespaces: NAMESPACES.optional(),
    priority: z.int().default(0),
    rules: z.array(RULE).default([]),
    defaultVerdicts: z.array(DEFAULT_VERDICT).default([]),
  })
  .transform((document): Policy => {
    const { name, etag, description, labels, hostSelector, namespaces, priority, rules, defaultVerdicts } =
      document;
    const written = { name, etag, description, labels, priority, rules, defaultVerdicts };
    return { ...Policy.create(), ...written, hostSelector, namespaces };
  });

/** Reads the policies of a file, in its order. PolicyFileError, or what reading the file throws. */
export function readPolicyFile(path: string): Policy[] {
  return parsePolicies(readFileSync(path, 'utf8'), path);
}

/** Reads the policies of a text; `file` is what to call it. PolicyFileError lists everything that is wrong. */
export function parsePolicies(source: string, file: string): Policy[] {
  const lines = new LineCounter();
  const documents = parseAllDocuments(source, { lineCounter: lines, prettyErrors: false });
  const place = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  const problems: string[] = [];
  const policies: Policy[] = [];
  // Without a document there is an empty list with a property of its own.
  for (const document of Array.isArray(documents) ? documents : []) {
    const read = readDocument(document);
    if (read.kind === 'policy') policies.push(read.policy);
    else if (read.kind === 'problems')
      problems.push(...read.problems.map(({ offset, what }) => `${place(offset)}: ${what}`));
  }
  if (problems.length > 0) throw new PolicyFileError(problems);
  if (policies.length === 0) throw new PolicyFileError([`${file}:1:1: there is no policy in this file`]);
  return policies;
}

interface Problem {
  readonly offset: number;
  readonly what: string;
}

type Read =
  { kind: 'empty' } | { kind: 'policy'; policy: Policy } | { kind: 'problems'; problems: Problem[] };

function readDocument(document: Document.Parsed): Read {
  if (document.errors.length > 0) {
    const problems = document.errors.map(({ pos, message }) => ({ offset: pos[0], what: message }));
    return { kind: 'problems', problems };
  }
  let value: unknown;
  try {
    value = document.toJS();
  } catch (error) {
    // An alias without its anchor, or aliases that multiply beyond reason.
    return { kind: 'problems', problems: [{ offset: 0, what: (error as Error).message }] };
  }
  if (value === null) return { kind: 'empty' };
  const parsed = POLICY_DOCUMENT.safeParse(value);
  if (parsed.success) return { kind: 'policy', policy: parsed.data };
  return { kind: 'problems', problems: parsed.error.issues.flatMap((issue) => describe(document, issue)) };
}

function describe(document: Document.Parsed, issue: z.core.$ZodIssue): Problem[] {
  const path = issue.path.map((key) => (typeof key === 'symbol' ? String(key) : key));
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      offset: offsetOf(document, path, key),
      what: `${dotted([...path, key])} is not a field of a policy`,
    }));
  }
  return [{ offset: offsetOf(document, path), what: `${dotted(path)}: ${issue.message}` }];
}

/** Where the value at the path stands (or the key in it); of what is not there, where its parent stands. */
function offsetOf(document: Document.Parsed, path: readonly (string | number)[], key?: string): number {
  const node = document.getIn(path, true) as ParsedNode | undefined;
  if (!node?.range) return path.length === 0 ? 0 : offsetOf(document, path.slice(0, -1));
  const pair = isMap(node)
    ? node.items.find((item) => isScalar(item.key) && item.key.value === key)
    : undefined;
  return pair?.key.range[0] ?? node.range[0];
}

function dotted(path: readonly (string | number)[]): string {
  const joined = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`)).join('');
  return joined === '' ? 'the document' : joined.replace(/^\./, '');
}
