import { ANY_PACKET, type Match } from '../model/match';
import type { DefaultVerdict, Hook, Rule, RuleAction } from '../model/policy';
import { findCutOff } from './cut-off';

const DROP: RuleAction = { kind: 'drop', shadow: false };
const ACCEPT: RuleAction = { kind: 'accept' };
const rule = (hook: Hook, action: RuleAction, match: Partial<Match> = {}): Rule => ({
  id: `${action.kind}-${hook}`,
  comment: '',
  hook,
  action,
  match: { ...ANY_PACKET, ...match },
});
const cut = (rules: Rule[], defaultVerdicts: DefaultVerdict[] = []): unknown => {
  const found = findCutOff({ rules, defaultVerdicts }, 7443);
  return found && [found.way, found.hook, found.ruleId];
};
const tcp = (more: Partial<Match> = {}): Partial<Match> => ({ protocol: 'tcp', ...more });

describe('findCutOff', () => {
  it.each<[string, Rule[], unknown]>([
    ['nothing', [], undefined],
    ['a drop of everything that comes in', [rule('input', DROP)], ['SSH to the host', 'input', 'drop-input']],
    ['a drop of ping', [rule('input', DROP, { protocol: 'icmp' })], undefined],
    ['a drop of web', [rule('input', DROP, tcp({ destinationPorts: ['80', '443'] }))], undefined],
    [
      'a drop of SSH from somewhere',
      [rule('input', DROP, tcp({ destinationPorts: ['20-25'], sources: ['10.0.0.0/8'] }))],
      ['SSH to the host', 'input', 'drop-input'],
    ],
    [
      "a drop of everything but SSH, which stops the controller's answers",
      [rule('input', DROP, tcp({ notDestinationPorts: ['22'] }))],
      ["the agent's way to its controller", 'input', 'drop-input'],
    ],
    ['a drop of what is not tcp', [rule('input', DROP, { notProtocol: 'tcp' })], undefined],
    ['a shadow drop', [rule('input', { kind: 'drop', shadow: true })], undefined],
    [
      'a reject on the way out',
      [rule('output', { kind: 'reject', shadow: false })],
      ['SSH to the host', 'output', 'reject-output'],
    ],
    ['a drop of what is forwarded', [rule('forward', DROP)], undefined],
    ['a drop of what is invalid', [rule('input', DROP, { states: ['invalid'] })], undefined],
    [
      'a drop of new connections, SSH accepted before',
      [rule('input', ACCEPT, tcp({ destinationPorts: ['22'] })), rule('input', DROP, { states: ['new'] })],
      undefined,
    ],
    [
      'a drop of all, ways accepted before',
      [
        rule('input', ACCEPT, tcp({ destinationPorts: ['22'] })),
        rule('input', ACCEPT, { states: ['established', 'related'] }),
        rule('input', DROP),
      ],
      undefined,
    ],
    [
      'a drop of all, SSH accepted from one network only',
      [
        rule('input', ACCEPT, tcp({ destinationPorts: ['22'], sources: ['10.0.0.0/8'] })),
        rule('input', DROP),
      ],
      ['SSH to the host', 'input', 'drop-input'],
    ],
    [
      "a drop of the controller's port",
      [rule('postrouting', DROP, tcp({ destinationPorts: ['7443'] }))],
      ["the agent's way to its controller", 'postrouting', 'drop-postrouting'],
    ],
  ])('with %s', (_what, rules, expected) => expect(cut(rules)).toEqual(expected));

  it('finds a default verdict that drops', () => {
    expect(cut([], [{ hook: 'output', verdict: 'drop' }])).toEqual(['SSH to the host', 'output', undefined]);
    expect(cut([rule('output', ACCEPT)], [{ hook: 'output', verdict: 'drop' }])).toBeUndefined();
    expect(cut([], [{ hook: 'forward', verdict: 'drop' }])).toBeUndefined();
  });

  it('knows no way to a controller that agents cannot reach', () => {
    const rules = [rule('output', DROP, tcp({ destinationPorts: ['7443'] }))];
    expect(findCutOff({ rules, defaultVerdicts: [] }, undefined)).toBeUndefined();
  });
});
