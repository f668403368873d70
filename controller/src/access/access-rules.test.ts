import { parseAccessFile } from './access-file';
import { grantsOf } from './access-rules';
import { ROLES, type Role } from './role';

const rolesOf = (text: string | undefined, principal: Parameters<typeof grantsOf>[1]): Role[] => {
  const grants = grantsOf(text === undefined ? undefined : parseAccessFile(text), principal);
  return ROLES.filter((role) => grants.allows(role));
};
const alice = { kind: 'certificate', id: 'alice' } as const;

describe('without an access file', () => {
  it("operators' certificates and the local socket are administrators', and nobody else is anything", () => {
    expect(rolesOf(undefined, alice)).toEqual([...ROLES]);
    expect(rolesOf(undefined, { kind: 'local' })).toEqual([...ROLES]);
    expect(rolesOf(undefined, { kind: 'token', id: 'ci' })).toEqual([]);
    expect(rolesOf(undefined, { kind: 'host', id: 'h1' })).toEqual([]);
    expect(rolesOf(undefined, { kind: 'anonymous' })).toEqual([]);
  });
});

describe('with an access file', () => {
  const file = `
bindings:
  - { role: viewer, principals: [group:all] }
  - { role: editor, principals: [cert:alice] }
  - { role: operator, principals: [oidc:bob@example.com, group:ops] }
  - { role: admin, principals: [token:root] }
groups: { all: [cert:alice, cert:carol] }
`;
  it.each<[string, Parameters<typeof grantsOf>[1], Role[]]>([
    ['an editor reads and writes policies', alice, ['viewer', 'editor']],
    ['a group of the file', { kind: 'certificate', id: 'carol' }, ['viewer']],
    ['a certificate that nothing binds', { kind: 'certificate', id: 'dave' }, []],
    ['a name that came another way', { kind: 'token', id: 'alice' }, []],
    ['a group of the issuer', { kind: 'oidc', id: 'erin', groups: ['ops'] }, ['viewer', 'operator']],
    ['an administrator', { kind: 'token', id: 'root' }, [...ROLES]],
    ['the local socket, always', { kind: 'local' }, [...ROLES]],
    ['a host that is named as an operator is', { kind: 'host', id: 'alice' }, []],
  ])('%s', (_what, principal, roles) => expect(rolesOf(file, principal)).toEqual(roles));

  it('says why a change is outside of the nearest grant', () => {
    const grants = grantsOf(
      parseAccessFile('bindings: [{ role: editor, principals: [cert:alice], policyLabels: { team: web } }]'),
      alice,
    );
    const after = { labels: new Map([['team', 'db']]), hostSelector: { requirements: [] } };
    expect(grants.objection('editor', { kind: 'policy', before: undefined, after })).toBe(
      'it does not bear the label team=web',
    );
  });
});

describe('an access file is refused that has', () => {
  it.each([
    [
      'an unknown role',
      'bindings: [{ role: root, principals: [cert:a] }]',
      'bindings.0.role: is none of viewer',
    ],
    [
      'a principal of no kind',
      'bindings: [{ role: viewer, principals: [alice] }]',
      'bindings.0.principals.0: is none of cert:NAME',
    ],
    ['nobody', 'bindings: [{ role: viewer, principals: [] }]', 'names nobody'],
    ['a misspelled key', 'binding: []', 'binding'],
    [
      'limits that would not limit',
      'bindings: [{ role: viewer, principals: [cert:a], hosts: { a: b } }]',
      'limit the roles editor and operator',
    ],
    ['a token in clear', 'tokens: [{ name: ci, sha256: nsgt_abc }]', 'is not SHA-256'],
    [
      'a token name twice',
      `tokens: [{ name: a, sha256: ${'a'.repeat(64)} }, { name: a, sha256: ${'b'.repeat(64)} }]`,
      'a stands there twice',
    ],
    [
      'keys over a wire that anybody can write to',
      'oidc: { issuer: "https://i", audience: a, jwks: "http://i/jwks" }',
      'is neither an absolute path nor an https',
    ],
  ])('%s', (_what, text, message) => expect(() => parseAccessFile(text)).toThrow(message));
});
