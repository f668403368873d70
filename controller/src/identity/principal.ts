/** Who calls, once it is proved. */

export type Principal =
  /** Over the Unix socket: whoever the file's permissions let in. */
  | { readonly kind: 'local' }
  /** By a certificate of kind operator. */
  | { readonly kind: 'certificate'; readonly id: string }
  /** By a static token, which has a name. */
  | { readonly kind: 'token'; readonly id: string }
  /** By a JWT; groups are as its issuer says. */
  | { readonly kind: 'oidc'; readonly id: string; readonly groups: readonly string[] }
  /** By a certificate of kind host. */
  | { readonly kind: 'host'; readonly id: string }
  /** Nothing was proved. */
  | { readonly kind: 'anonymous' };

const PREFIX = { certificate: 'cert', token: 'token', oidc: 'oidc', host: 'host' } as const;

/** As in the access file and in the audit log: `local`, `cert:NAME`, `token:NAME`, `oidc:NAME`, `host:ID`, `anonymous`. */
export function principalName(principal: Principal): string {
  if (principal.kind === 'local' || principal.kind === 'anonymous') return principal.kind;
  return `${PREFIX[principal.kind]}:${principal.id}`;
}
