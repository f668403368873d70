/** The access file: who has which role, with which limits, and by which tokens callers prove themselves. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import type { OidcSettings } from '../identity/oidc-issuer';
import type { StaticToken } from '../identity/static-tokens';
import { isLabelKey, isLabelValue, LABEL_KEY_FORM, LABEL_VALUE_FORM } from '../model/label';
import type { Labels } from '../model/selector';
import { ROLES, type Role } from './role';

/** A role for some principals, within limits. */
export interface Binding {
  readonly role: Role;
  /** `cert:NAME`, `token:NAME`, `oidc:NAME`, `group:NAME`. */
  readonly principals: ReadonlySet<string>;
  /** Policies and sets that do not bear these labels cannot be changed. */
  readonly policyLabels: Labels;
  /** Hosts without these labels cannot be changed, and policies that could reach them neither. */
  readonly hosts: Labels;
}

export interface AccessFile {
  readonly bindings: readonly Binding[];
  /** Groups that the file itself defines: name to principals. */
  readonly groups: ReadonlyMap<string, ReadonlySet<string>>;
  readonly tokens: readonly StaticToken[];
  /** One: names of two issuers could not be told apart. */
  readonly oidc?: OidcSettings | undefined;
}

const PRINCIPAL = /^(?:cert|token|oidc|group):[\x21-\x7e]{1,255}$/;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,62}$/;

const member = z.string().regex(PRINCIPAL, 'is none of cert:NAME, token:NAME, oidc:NAME, group:NAME');
const labels = z
  .record(
    z.string().refine(isLabelKey, `has a key that is not ${LABEL_KEY_FORM}`),
    z.string().refine(isLabelValue, `has a value that is not ${LABEL_VALUE_FORM}`),
  )
  .default({})
  .transform((record): Labels => new Map(Object.entries(record)));
const names = z
  .array(member)
  .min(1, 'names nobody')
  .transform((list) => new Set(list));

const BINDING = z
  .strictObject({
    role: z.enum(ROLES, `is none of ${ROLES.join(', ')}`),
    principals: names,
    policyLabels: labels,
    hosts: labels,
  })
  .superRefine(({ role, policyLabels, hosts }, context) => {
    const refuse = (field: string, why: string): void =>
      context.addIssue({ code: 'custom', path: [field], message: why });
    if (policyLabels.size > 0 && role !== 'editor') refuse('policyLabels', 'limit the role editor only');
    if (hosts.size > 0 && role !== 'editor' && role !== 'operator')
      refuse('hosts', 'limit the roles editor and operator only');
  });

const TOKEN = z.strictObject({
  name: z.string().regex(NAME, 'is no name'),
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'is not SHA-256 in hexadecimal (nsgate token create prints it)'),
  expires: z
    .union([z.date(), z.iso.datetime({ offset: true }), z.iso.date()], 'is no date')
    .transform((text) => new Date(text))
    .optional(),
});

const OIDC = z.strictObject({
  issuer: z.url('is no URL'),
  audience: z.string().min(1, 'is empty'),
  jwks: z.string().refine(isKeySource, 'is neither an absolute path nor an https:// URL'),
  usernameClaim: z.string().default('sub'),
  groupsClaim: z.string().default('groups'),
});

const FILE = z.strictObject({
  bindings: z.array(BINDING).default([]),
  groups: z
    .record(z.string().regex(NAME, 'is no name'), names)
    .default({})
    .transform((record) => new Map(Object.entries(record))),
  tokens: z.array(TOKEN).default([]),
  oidc: OIDC.optional(),
});

/** Reads and checks the file; an Error says in one line what is wrong with it. */
export function readAccessFile(path: string): AccessFile {
  try {
    return parseAccessFile(readFileSync(path, 'utf8'));
  } catch (error) {
    const [why = ''] = (error as Error).message.split('\n');
    throw new Error(`cannot use the access file ${path}: ${why}`, { cause: error });
  }
}

/** Throws an Error that names the first field that is wrong. */
export function parseAccessFile(text: string): AccessFile {
  const parsed = FILE.safeParse(parse(text) ?? {});
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Error(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'is wrong'}`);
  }
  const { tokens } = parsed.data;
  const twice = tokens.find(({ name }, at) => tokens.findIndex((other) => other.name === name) !== at);
  if (twice !== undefined) throw new Error(`tokens: ${twice.name} stands there twice`);
  return parsed.data;
}

/** Keys that came over a wire that anybody can write to would prove nothing. */
function isKeySource(text: string): boolean {
  if (text.startsWith('/')) return true;
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return (
    protocol === 'https:' || (protocol === 'http:' && ['127.0.0.1', '[::1]', 'localhost'].includes(hostname))
  );
}
