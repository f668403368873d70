import { Action, Hook, LabelOperator, Policy, RejectWith } from '@nsgate/proto';
import fc from 'fast-check';
import { parsePolicies, PolicyFileError } from './policy-file';

function problems(text: string): readonly string[] {
  try {
    parsePolicies(text, 'f.yaml');
  } catch (error) {
    if (error instanceof PolicyFileError) return error.problems;
    throw error;
  }
  return [];
}

const HEAD = 'kind: Policy\nname: policies/a\n';

describe('a policy file', () => {
  it('is read into the message that the API takes', () => {
    const [policy] = parsePolicies(
      `kind: Policy
name: policies/web
description: no DNS from outside
labels: { tier: 1 }
hostSelector:
  requirements:
    - { key: role, operator: IN, values: [gw, edge] }
    - { key: old, operator: LABEL_OPERATOR_DOES_NOT_EXIST }
namespaces: { include: [ns1, "tenant-*"] }
priority: -5
rules:
  - id: dns
    hook: INPUT
    match: { sources: [10.0.0.0/8, "::/0"], protocol: udp, destinationPorts: [53, 8000-8099] }
    action: DROP
    shadow: true
  - id: 2
    hook: HOOK_FORWARD
    match: { protocol: 6 }
    action: ACTION_REJECT
    rejectWith: TCP_RESET
defaultVerdicts: [{ hook: OUTPUT, verdict: ACCEPT }]
`,
      'f.yaml',
    );
    expect(policy).toEqual(
      Policy.fromPartial({
        name: 'policies/web',
        description: 'no DNS from outside',
        labels: { tier: '1' },
        hostSelector: {
          requirements: [
            { key: 'role', operator: LabelOperator.LABEL_OPERATOR_IN, values: ['gw', 'edge'] },
            { key: 'old', operator: LabelOperator.LABEL_OPERATOR_DOES_NOT_EXIST, values: [] },
          ],
        },
        namespaces: { include: ['ns1', 'tenant-*'], exclude: [] },
        priority: -5,
        rules: [
          {
            id: 'dns',
            hook: Hook.HOOK_INPUT,
            action: Action.ACTION_DROP,
            shadow: true,
            match: {
              sources: ['10.0.0.0/8', '::/0'],
              protocol: 'udp',
              destinationPorts: ['53', '8000-8099'],
            },
          },
          {
            id: '2',
            hook: Hook.HOOK_FORWARD,
            action: Action.ACTION_REJECT,
            rejectWith: RejectWith.REJECT_WITH_TCP_RESET,
            match: { protocol: '6' },
          },
        ],
        defaultVerdicts: [{ hook: Hook.HOOK_OUTPUT, verdict: Action.ACTION_ACCEPT }],
      }),
    );
  });

  it('may hold several documents, with empty ones between', () => {
    const text = `---\n${HEAD}---\n---\n${HEAD.replace('/a', '/b')}...\n`;
    expect(parsePolicies(text, 'f.yaml').map(({ name }) => name)).toEqual(['policies/a', 'policies/b']);
  });

  it('may be JSON, as the controller gives it', () => {
    const json = JSON.stringify({
      kind: 'Policy',
      ...(Policy.toJSON(
        Policy.create({ name: 'policies/a', uid: 'u', etag: 'e', revision: 7n, createTime: new Date(0) }),
      ) as object),
    });
    expect(parsePolicies(json, 'f.json')).toEqual([Policy.create({ name: 'policies/a', etag: 'e' })]);
  });

  it.each([
    ['an unknown key', `${HEAD}namspaces: {}\n`, 'f.yaml:3:1: namspaces is not a field of a policy'],
    [
      'an unknown key inside',
      `${HEAD}rules:\n  - id: a\n    hook: INPUT\n    action: DROP\n    match: { port: 1 }\n`,
      'f.yaml:7:14: rules[0].match.port is not a field of a policy',
    ],
    [
      'a snake_case key',
      `${HEAD}host_selector: {}\n`,
      'f.yaml:3:1: host_selector is not a field of a policy',
    ],
    [
      'an unknown hook',
      `${HEAD}rules: [{ id: a, hook: IN, action: DROP }]\n`,
      'f.yaml:3:24: rules[0].hook: is none of PREROUTING, INPUT, FORWARD, OUTPUT, POSTROUTING',
    ],
    [
      'an unspecified action',
      `${HEAD}rules: [{ id: a, hook: INPUT, action: UNSPECIFIED }]\n`,
      'f.yaml:3:39: rules[0].action: is none of ACCEPT, DROP, REJECT, COUNT',
    ],
    [
      'a missing hook',
      `${HEAD}rules:\n  - id: a\n    action: DROP\n`,
      'f.yaml:4:5: rules[0].hook: Invalid input: expected string, received undefined',
    ],
    [
      'a fraction where text should be',
      `${HEAD}description: 1.10\n`,
      'f.yaml:3:14: description: must be text: put it in quotes',
    ],
    ['another kind', 'kind: Host\nname: hosts/a\n', 'f.yaml:1:7: kind: Invalid input: expected "Policy"'],
    ['a list', '- a\n', 'f.yaml:1:1: the document: Invalid input: expected object, received array'],
    ['broken YAML', `${HEAD}rules: [\n`, 'f.yaml:4:1: '],
    ['a key twice', `${HEAD}name: policies/b\n`, 'f.yaml:3:1: Map keys must be unique'],
    ['an alias without its anchor', `${HEAD}labels: *x\n`, 'f.yaml:1:1: Unresolved alias'],
    ['nothing', '', 'f.yaml:1:1: there is no policy in this file'],
    ['a comment only', '# nothing\n', 'f.yaml:1:1: there is no policy in this file'],
  ])('says where it has %s', (_what, text, expected) => {
    expect(problems(text)[0]).toContain(expected);
  });

  it('tells everything that is wrong with all its documents', () => {
    const text = `kind: Policy\nnam: a\n---\n${HEAD}priority: high\n`;
    expect(problems(text).map((problem) => problem.split(': ')[0])).toEqual([
      'f.yaml:1:1',
      'f.yaml:2:1',
      'f.yaml:6:11',
    ]);
  });

  it('is either read or refused with places, whatever it holds', () => {
    const fragment = fc.constantFrom(
      'kind: Policy',
      'name: policies/a',
      'rules:',
      '  - id: a',
      'rules: *a',
      '---',
      '{',
      '- ',
      'labels: {a: [1]}',
      '\t',
      '&a',
      '!!binary x',
      '? x',
      '"',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(fragment, fc.string()), { maxLength: 8 }), (lines) => {
        for (const problem of problems(lines.join('\n'))) expect(problem).toMatch(/^f\.yaml:\d+:\d+: /);
      }),
      { numRuns: 500 },
    );
  });
});
