import { selectsHost, type LabelRequirement } from './selector';

const labels = new Map([
  ['role', 'gateway'],
  ['site', ''],
]);

const holds = (...requirements: LabelRequirement[]): boolean => selectsHost({ requirements }, labels);

describe('selectsHost', () => {
  it('chooses every host when nothing is required', () => {
    expect(holds()).toBe(true);
  });

  it.each<[LabelRequirement, boolean]>([
    [{ operator: 'equals', key: 'role', value: 'gateway' }, true],
    [{ operator: 'equals', key: 'role', value: 'edge' }, false],
    [{ operator: 'equals', key: 'site', value: '' }, true],
    [{ operator: 'equals', key: 'rack', value: '' }, false],
    [{ operator: 'not-equals', key: 'role', value: 'edge' }, true],
    [{ operator: 'not-equals', key: 'role', value: 'gateway' }, false],
    [{ operator: 'not-equals', key: 'rack', value: '1' }, true],
    [{ operator: 'in', key: 'role', values: ['edge', 'gateway'] }, true],
    [{ operator: 'in', key: 'role', values: ['edge'] }, false],
    [{ operator: 'in', key: 'rack', values: ['', '1'] }, false],
    [{ operator: 'not-in', key: 'role', values: ['edge'] }, true],
    [{ operator: 'not-in', key: 'role', values: ['gateway'] }, false],
    [{ operator: 'not-in', key: 'rack', values: ['1'] }, true],
    [{ operator: 'exists', key: 'site' }, true],
    [{ operator: 'exists', key: 'rack' }, false],
    [{ operator: 'does-not-exist', key: 'rack' }, true],
    [{ operator: 'does-not-exist', key: 'site' }, false],
    [{ operator: 'exists', key: 'constructor' }, false],
  ])('holds %j to the labels: %s', (requirement, expected) => {
    expect(holds(requirement)).toBe(expected);
  });

  it('needs every requirement to hold', () => {
    const good: LabelRequirement = { operator: 'exists', key: 'role' };
    const bad: LabelRequirement = { operator: 'exists', key: 'rack' };
    expect([holds(good, good), holds(good, bad)]).toEqual([true, false]);
  });
});
