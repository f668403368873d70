import type { Counters } from '@nsgate/proto';
import type { Outcome, Probe } from './host-event';
import { Observations } from './observations';

const ALL_PASS: Record<Probe, Outcome> = {
  'ping-ns1': 'passes',
  'ping-ns2': 'passes',
  'ping-host': 'passes',
  'tcp-ns1': 'passes',
};
const UNDER_POLICY = { ...ALL_PASS, 'ping-ns1': 'fails' as const };
const counters = (packets: number): Counters => ({
  packets: BigInt(packets),
  bytes: BigInt(packets * 84),
  shadowPackets: 0n,
});

function complete(): Observations {
  const seen = new Observations();
  seen.probed(ALL_PASS);
  seen.policyEnforced();
  seen.probed(UNDER_POLICY);
  [1, 2, 3].forEach((packets) => seen.counted(counters(packets)));
  return seen;
}

describe('the demo has shown what it has to', () => {
  it('when all passed before, ping into ns1 alone fails after, and the counters rose', () => {
    expect(complete().missing()).toEqual([]);
  });
});

describe('the demo says what it has not shown', () => {
  it('when nothing was seen at all', () => {
    expect(new Observations().missing()).toHaveLength(9);
  });

  it('when ping into ns1 still passes', () => {
    const seen = complete();
    seen.probed(ALL_PASS);
    expect(seen.missing()).toEqual(['ping into ns1 was not seen to fail under the policy']);
  });

  it.each(['ping-ns2', 'ping-host', 'tcp-ns1'] as const)('when the policy also stops %s', (probe) => {
    const seen = complete();
    seen.probed({ ...UNDER_POLICY, [probe]: 'fails' });
    expect(seen.missing()).toHaveLength(1);
  });

  it('when ping into ns1 failed from the beginning', () => {
    const seen = new Observations();
    seen.probed(UNDER_POLICY);
    expect(seen.allPassedBefore()).toBe(false);
    expect(seen.missing()).toContain('ping into ns1 was not seen to pass before the policy');
  });

  it.each([
    ['stand still', [5, 5, 5, 5]],
    ['rise too seldom', [0, 1, 2]],
    ['stay at nothing', [0, 0, 0, 0]],
  ])('when the counters %s', (_how, readings) => {
    const seen = new Observations();
    readings.forEach((packets) => seen.counted(counters(packets)));
    expect(seen.countersRose()).toBe(false);
  });
});
