import { status } from '@grpc/grpc-js';
import {
  Action,
  DefaultVerdict,
  Hook,
  LabelOperator,
  Match,
  Policy as PolicyMessage,
  RejectWith,
  RpcError,
  Rule,
} from '@nsgate/proto';
import fc from 'fast-check';
import { Violations } from '../rpc/violations';
import { specMessage } from './policy-message';
import { parsePolicy } from './policy-parser';

/** The wire carries any number in an enum's place. */
const anyEnum = (number: number): never => number as never;

const rule = (fields: Partial<Rule> = {}): Rule => ({
  ...Rule.create(),
  id: 'r',
  hook: Hook.HOOK_INPUT,
  action: Action.ACTION_DROP,
  ...fields,
});

const match = (fields: Partial<Match>): Match => ({ ...Match.create(), ...fields });

const defaultVerdict = (fields: Partial<DefaultVerdict>): DefaultVerdict => ({
  ...DefaultVerdict.create(),
  ...fields,
});

const policy = (fields: Partial<PolicyMessage> = {}): PolicyMessage =>
  PolicyMessage.create({ name: 'policies/a', namespaces: { include: ['*'], exclude: [] }, ...fields });

/** Fields with what is wrong with them. */
function violationsOf(message: PolicyMessage): [field: string, description: string][] {
  const violations = new Violations();
  parsePolicy(message, 'policy', violations);
  if (!violations.any) return [];
  return violations.toError().violations.map(({ field, description }) => [field, description]);
}

const fieldsOf = (message: PolicyMessage): string[] => violationsOf(message).map(([field]) => field);
const ofRule = (fields: Partial<Rule>): string[] => fieldsOf(policy({ rules: [rule(fields)] }));

describe('a policy', () => {
  it('is valid with no more than a name and a namespace', () => {
    expect(violationsOf(policy())).toEqual([]);
  });

  it('is told everything that is wrong with it at once, in the order of its fields', () => {
    const message = policy({
      name: 'web',
      priority: 1001,
      namespaces: { include: ['ok', 'ns['], exclude: [''] },
      rules: [
        rule({ id: 'same' }),
        rule({
          id: 'same',
          match: match({
            sources: ['10.0.0.0/8', '010.1.1.1'],
            protocol: 'tcp',
            destinationPorts: ['90-80'],
          }),
        }),
        rule({ id: '', hook: Hook.HOOK_UNSPECIFIED, action: Action.ACTION_UNSPECIFIED }),
      ],
    });
    expect(fieldsOf(message)).toEqual([
      'policy.name',
      'policy.priority',
      'policy.namespaces.include[1]',
      'policy.namespaces.exclude[0]',
      'policy.rules[1].id',
      'policy.rules[1].match.sources[1]',
      'policy.rules[1].match.destination_ports[0]',
      'policy.rules[2].id',
      'policy.rules[2].hook',
      'policy.rules[2].action',
    ]);
  });

  it.each<[string, Partial<PolicyMessage>, string[]]>([
    ['no name', { name: '' }, ['policy.name']],
    ['a name of another kind', { name: 'hosts/a' }, ['policy.name']],
    ['a name with capitals', { name: 'policies/A' }, ['policy.name']],
    ['a name that ends with -', { name: 'policies/a-' }, ['policy.name']],
    ['a name of 64', { name: `policies/${'a'.repeat(64)}` }, ['policy.name']],
    ['a name of 63', { name: `policies/${'a'.repeat(63)}` }, []],
    ['a description of 1024', { description: '\u{1F600}'.repeat(1024) }, []],
    ['a description of 1025', { description: 'x'.repeat(1025) }, ['policy.description']],
    ['a malformed label', { labels: { '-a': 'b', a: 'b c' } }, ['policy.labels', 'policy.labels']],
    [
      '65 labels',
      { labels: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`l${i}`, ''])) },
      ['policy.labels'],
    ],
    ['no namespaces', { namespaces: undefined }, ['policy.namespaces.include']],
    [
      '257 includes',
      { namespaces: { include: Array<string>(257).fill('a'), exclude: [] } },
      ['policy.namespaces.include'],
    ],
    ['a tier of another version', { tier: anyEnum(9) }, ['policy.tier']],
    [
      'samples of what passes',
      {
        defaultVerdicts: [
          defaultVerdict({
            hook: Hook.HOOK_INPUT,
            verdict: Action.ACTION_ACCEPT,
            log: { rate: 1, burst: 1 },
          }),
        ],
      },
      ['policy.default_verdicts[0].log'],
    ],
    ['a priority of -1001', { priority: -1001 }, ['policy.priority']],
    [
      '10,001 rules',
      { rules: Array.from({ length: 10_001 }, (_, i) => rule({ id: `r${i}` })) },
      ['policy.rules'],
    ],
    [
      'two defaults for a hook',
      {
        defaultVerdicts: [1, 1].map(() =>
          defaultVerdict({ hook: Hook.HOOK_INPUT, verdict: Action.ACTION_DROP }),
        ),
      },
      ['policy.default_verdicts[1].hook'],
    ],
    [
      'a default that rejects, on no hook',
      { defaultVerdicts: [defaultVerdict({ verdict: Action.ACTION_REJECT })] },
      ['policy.default_verdicts[0].hook', 'policy.default_verdicts[0].verdict'],
    ],
  ])('with %s', (_what, fields, expected) => {
    expect(fieldsOf(policy(fields))).toEqual(expected);
  });
});

describe('a host selector', () => {
  const requirement = (operator: LabelOperator, values: string[], key = 'role'): string[] =>
    fieldsOf(policy({ hostSelector: { requirements: [{ key, operator, values }] } })).map((field) =>
      field.replace('policy.host_selector.requirements[0].', ''),
    );

  it.each<[string, LabelOperator, string[], string[]]>([
    ['EQUALS one', LabelOperator.LABEL_OPERATOR_EQUALS, ['a'], []],
    ['EQUALS nothing', LabelOperator.LABEL_OPERATOR_EQUALS, [''], []],
    ['EQUALS none', LabelOperator.LABEL_OPERATOR_EQUALS, [], ['values']],
    ['NOT_EQUALS two', LabelOperator.LABEL_OPERATOR_NOT_EQUALS, ['a', 'b'], ['values']],
    ['IN none', LabelOperator.LABEL_OPERATOR_IN, [], ['values']],
    ['IN 64', LabelOperator.LABEL_OPERATOR_IN, Array<string>(64).fill('a'), []],
    ['NOT_IN 65', LabelOperator.LABEL_OPERATOR_NOT_IN, Array<string>(65).fill('a'), ['values']],
    ['EXISTS with a value', LabelOperator.LABEL_OPERATOR_EXISTS, ['a'], ['values']],
    ['DOES_NOT_EXIST', LabelOperator.LABEL_OPERATOR_DOES_NOT_EXIST, [], []],
    ['no operator', LabelOperator.LABEL_OPERATOR_UNSPECIFIED, ['a'], ['operator']],
    ['an operator of another version', anyEnum(99), [], ['operator']],
    [
      'IN with malformed values',
      LabelOperator.LABEL_OPERATOR_IN,
      ['a b', 'ok', 'x'.repeat(64)],
      ['values[0]', 'values[2]'],
    ],
  ])('that says %s', (_what, operator, values, expected) => {
    expect(requirement(operator, values)).toEqual(expected);
  });

  it.each(['', '-a', 'a-', 'a b', 'ä', 'x'.repeat(64)])('refuses the key %j', (key) => {
    expect(requirement(LabelOperator.LABEL_OPERATOR_EXISTS, [], key)).toEqual(['key']);
  });

  it('holds at most 64 requirements', () => {
    const one = { key: 'a', operator: LabelOperator.LABEL_OPERATOR_EXISTS, values: [] };
    expect(
      fieldsOf(policy({ hostSelector: { requirements: Array(65).fill(one) as (typeof one)[] } })),
    ).toEqual(['policy.host_selector.requirements']);
  });
});

describe('a rule', () => {
  it.each<[string, Partial<Rule>, string[]]>([
    ['an id with a space', { id: 'a b' }, ['id']],
    ['an id of 64', { id: 'a'.repeat(64) }, ['id']],
    ['a comment of 1025', { comment: 'x'.repeat(1025) }, ['comment']],
    ['a hook of another version', { hook: anyEnum(99) }, ['hook']],
    ['a negative action', { action: anyEnum(-1) }, ['action']],
    ['shadow ACCEPT', { action: Action.ACTION_ACCEPT, shadow: true }, ['shadow']],
    ['shadow COUNT', { action: Action.ACTION_COUNT, shadow: true }, ['shadow']],
    ['shadow DROP', { shadow: true }, []],
    ['more samples than are taken', { log: { rate: 1001, burst: 2000 } }, ['log.rate', 'log.burst']],
    ['samples', { log: { rate: 1000, burst: 0 } }, []],
    ['REJECT', { action: Action.ACTION_REJECT }, []],
    ['REJECT on PREROUTING', { action: Action.ACTION_REJECT, hook: Hook.HOOK_PREROUTING }, ['action']],
    ['REJECT on POSTROUTING', { action: Action.ACTION_REJECT, hook: Hook.HOOK_POSTROUTING }, ['action']],
    ['DROP with reject_with', { rejectWith: RejectWith.REJECT_WITH_TCP_RESET }, ['reject_with']],
    [
      'an answer of another version',
      { action: Action.ACTION_REJECT, rejectWith: anyEnum(99) },
      ['reject_with'],
    ],
    [
      'a TCP reset for anything',
      { action: Action.ACTION_REJECT, rejectWith: RejectWith.REJECT_WITH_TCP_RESET },
      ['reject_with'],
    ],
    [
      'a TCP reset for protocol 6',
      {
        action: Action.ACTION_REJECT,
        rejectWith: RejectWith.REJECT_WITH_TCP_RESET,
        match: match({ protocol: '6' }),
      },
      [],
    ],
  ])('with %s', (_what, fields, expected) => {
    expect(ofRule(fields)).toEqual(expected.map((field) => `policy.rules[0].${field}`));
  });
});

describe('an answer about violations', () => {
  it('bounds and escapes the values that it repeats', () => {
    const [[, description]] = violationsOf(
      policy({ rules: [rule({ id: `\u001b[2J"ä\ud83d${'x'.repeat(100_000)}` })] }),
    ) as [[string, string]];
    expect(description.length).toBeLessThan(200);
    expect(description).toMatch(/^[ -~]*$/);
  });

  it('fits into the trailer that every client takes, and counts what it leaves out', () => {
    const rules = Array.from({ length: 5000 }, () => rule({ id: '', hook: Hook.HOOK_UNSPECIFIED }));
    const violations = new Violations();
    parsePolicy(policy({ rules }), 'policy', violations);
    const error = violations.toError();
    const trailer = error.toServiceError().metadata.get('grpc-status-details-bin')[0] as Buffer;
    expect(trailer.toString('base64').length).toBeLessThan(7500);
    expect(error.violations.length).toBeGreaterThan(20);
    // An id, a hook, and (from the second on) a duplicate, for each.
    const leftOut = 3 * 5000 - 1 - (error.violations.length - 1);
    expect(error.violations.at(-1)?.description).toBe(
      `${leftOut} more violations do not fit into this answer`,
    );
  });
});

describe('any message at all', () => {
  const text = fc.oneof(
    fc.string(),
    fc.constantFrom('', 'policies/a', 'tcp', 'icmp', '10.0.0.0/8', '::/0', '80', '*', '['),
  );
  const texts = fc.array(text, { maxLength: 3 });
  const number = fc.oneof(fc.integer({ min: -2, max: 8 }), fc.integer());
  const enumNumber = number.map(anyEnum);
  const anyRule: fc.Arbitrary<Rule> = fc
    .record({
      id: text,
      comment: text,
      hook: enumNumber,
      action: enumNumber,
      shadow: fc.boolean(),
      rejectWith: enumNumber,
      match: fc.option(
        fc
          .record(
            {
              sources: texts,
              notDestinations: texts,
              protocol: text,
              notProtocol: text,
              sourcePorts: texts,
              destinationPorts: texts,
              icmpTypes: texts,
              notSourceSets: texts,
              inInterfaces: texts,
              notMarks: texts,
              tcpFlags: fc.array(
                fc.record({
                  set: fc.array(enumNumber, { maxLength: 2 }),
                  unset: fc.array(enumNumber, { maxLength: 2 }),
                }),
                { maxLength: 2 },
              ),
              states: fc.array(enumNumber, { maxLength: 3 }),
            },
            { requiredKeys: [] },
          )
          .map(match),
        { nil: undefined },
      ),
    })
    .map(rule);
  const anyPolicy = fc
    .record({
      name: text,
      description: text,
      labels: fc.dictionary(text, text),
      hostSelector: fc.option(
        fc.record({
          requirements: fc.array(fc.record({ key: text, operator: enumNumber, values: texts })),
        }),
        { nil: undefined },
      ),
      namespaces: fc.option(fc.record({ include: texts, exclude: texts }), { nil: undefined }),
      priority: number,
      rules: fc.array(anyRule, { maxLength: 4 }),
      defaultVerdicts: fc.array(fc.record({ hook: enumNumber, verdict: enumNumber }).map(defaultVerdict)),
    })
    .map((fields) => PolicyMessage.create(fields));

  it('is either refused as INVALID_ARGUMENT or comes back as it was written', () => {
    fc.assert(
      fc.property(anyPolicy, (message) => {
        const violations = new Violations();
        const spec = parsePolicy(message, 'policy', violations);
        if (violations.any) {
          const error = violations.toError();
          expect(error).toBeInstanceOf(RpcError);
          expect(error.code).toBe(status.INVALID_ARGUMENT);
          expect(() => error.toServiceError()).not.toThrow();
        } else {
          const back = specMessage(spec);
          expect(PolicyMessage.encode(back).finish()).toEqual(
            PolicyMessage.encode(specMessage(parsePolicy(back, 'policy', violations))).finish(),
          );
          expect(back.rules.map(({ id }) => id)).toEqual(message.rules.map(({ id }) => id));
        }
      }),
      { numRuns: 500 },
    );
  });
});
