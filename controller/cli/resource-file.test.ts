import {
  Action,
  ConnectionState,
  Hook,
  LabelOperator,
  Policy,
  RejectWith,
  TcpFlag,
  Tier,
} from '@nsgate/proto';
import fc from 'fast-check';
import { buildDescriptions } from '../src/controller-process.testing';
import { parseResources, ResourceFileError } from './resource-file';

function policiesOf(text: string, file: string): Policy[] {
  return parseResources(text, file).flatMap((one) => (one.kind === 'Policy' ? [one.policy] : []));
}

function problems(text: string): readonly string[] {
  try {
    parseResources(text, 'f.yaml');
  } catch (error) {
    if (error instanceof ResourceFileError) return error.problems;
    throw error;
  }
  return [];
}

const HEAD = 'kind: Policy\nname: policies/a\n';

beforeAll(buildDescriptions);

describe('a resource file', () => {
  it('is read into the message that the API takes', () => {
    const [policy] = policiesOf(
      `kind: Policy
name: policies/web
description: no DNS from outside
labels: { tier: 1 }
hostSelector:
  requirements:
    - { key: role, operator: IN, values: [gw, edge] }
    - { key: old, operator: LABEL_OPERATOR_DOES_NOT_EXIST }
namespaces: { include: [ns1, "tenant-*"] }
tier: SECURITY
priority: -5
rules:
  - id: dns
    hook: INPUT
    match: { sources: [10.0.0.0/8, "::/0"], protocol: udp, destinationPorts: [53, 8000-8099] }
    action: DROP
    shadow: true
  - id: 2
    hook: HOOK_FORWARD
    match: { protocol: 6, tcpFlags: [{ set: [SYN], unset: [ACK] }], states: [NEW], notSourceSets: [addressSets/office] }
    action: ACTION_REJECT
    rejectWith: TCP_RESET
    log: { rate: 5 }
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
        tier: Tier.TIER_SECURITY,
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
            match: {
              protocol: '6',
              tcpFlags: [{ set: [TcpFlag.TCP_FLAG_SYN], unset: [TcpFlag.TCP_FLAG_ACK] }],
              states: [ConnectionState.CONNECTION_STATE_NEW],
              notSourceSets: ['addressSets/office'],
            },
            log: { rate: 5 },
          },
        ],
        defaultVerdicts: [{ hook: Hook.HOOK_OUTPUT, verdict: Action.ACTION_ACCEPT }],
      }),
    );
  });

  it('may hold several documents, with empty ones between', () => {
    const text = `---\n${HEAD}---\n---\n${HEAD.replace('/a', '/b')}...\n`;
    expect(policiesOf(text, 'f.yaml').map(({ name }) => name)).toEqual(['policies/a', 'policies/b']);
  });

  it('may be JSON, as the controller gives it', () => {
    const json = JSON.stringify({
      kind: 'Policy',
      ...(Policy.toJSON(
        Policy.create({ name: 'policies/a', uid: 'u', etag: 'e', revision: 7n, createTime: new Date(0) }),
      ) as object),
    });
    expect(policiesOf(json, 'f.json')).toEqual([Policy.create({ name: 'policies/a', etag: 'e' })]);
  });

  it.each([
    ['an unknown key', `${HEAD}namspaces: {}\n`, 'f.yaml:3:1: namspaces is no field of Policy'],
    [
      'an unknown key inside',
      `${HEAD}rules:\n  - id: a\n    hook: INPUT\n    action: DROP\n    match: { port: 1 }\n`,
      'f.yaml:7:14: rules[0].match.port is no field of Match',
    ],
    [
      'a snake_case key',
      `${HEAD}host_selector: {}\n`,
      'f.yaml:3:1: host_selector is no field of Policy: did you mean hostSelector?',
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
      'a fraction where text should be',
      `${HEAD}description: 1.10\n`,
      'f.yaml:3:14: description: must be text: put it in quotes',
    ],
    ['another kind', 'kind: Host\nname: hosts/a\n', 'f.yaml:1:7: kind: must be Policy or AddressSet'],
    ['a list', '- a\n', 'f.yaml:1:1: the document must be a mapping of fields to values'],
    ['broken YAML', `${HEAD}rules: [\n`, 'f.yaml:4:1: '],
    ['a key twice', `${HEAD}name: policies/b\n`, 'f.yaml:3:1: Map keys must be unique'],
    ['an alias without its anchor', `${HEAD}labels: *x\n`, 'f.yaml:1:1: Unresolved alias'],
    ['nothing', '', 'f.yaml:1:1: there is no resource in this file'],
    ['a comment only', '# nothing\n', 'f.yaml:1:1: there is no resource in this file'],
  ])('says where it has %s', (_what, text, expected) => {
    expect(problems(text)[0]).toContain(expected);
  });

  it('tells everything that is wrong with all its documents', () => {
    const text = `kind: Policy\nnam: a\npriority: [1]\n---\n${HEAD}priority: high\n`;
    expect(problems(text).map((problem) => problem.split(': ')[0])).toEqual([
      'f.yaml:2:1',
      'f.yaml:3:11',
      'f.yaml:7:11',
    ]);
  });

  it('may hold address sets with their members', () => {
    const text =
      'kind: AddressSet\nname: addressSets/office\nlabels: { team: net }\nmembers: [192.0.2.0/24, "::1"]\n';
    expect(parseResources(text, 'f.yaml')).toMatchObject([
      {
        kind: 'AddressSet',
        addressSet: { name: 'addressSets/office', labels: { team: 'net' } },
        members: ['192.0.2.0/24', '::1'],
      },
    ]);
  });

  it('knows the place of each field by the path that the controller names', () => {
    const text = `${HEAD}rules:\n  - id: a\n    match: { sources: [10.0.0.1/8], destinationPorts: [99999] }\n`;
    const [resource] = parseResources(text, 'f.yaml');
    expect(resource?.placeOf('rules[0].match.sources[0]')).toBe('f.yaml:5:24');
    expect(resource?.placeOf('rules[0].match.destination_ports[0]')).toBe('f.yaml:5:56');
    expect(resource?.placeOf('rules[0].hook')).toBe('f.yaml:4:5');
    expect(resource?.placeOf('priority')).toBe('f.yaml:1:1');
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
