import fc from 'fast-check';
import { parseLabelFilter } from './label-filter';
import { selectsHost } from './selector';

const chooses = (text: string, labels: Record<string, string>): boolean => {
  const parsed = parseLabelFilter(text);
  if (!parsed.ok) throw new Error(parsed.problem);
  return selectsHost(parsed.selector, new Map(Object.entries(labels)));
};

describe('parseLabelFilter', () => {
  it.each<[string, Record<string, string>, boolean]>([
    ['', {}, true],
    ['team=web', { team: 'web' }, true],
    ['team = web', { team: 'db' }, false],
    ['team!=web', {}, true],
    ['env in (prod, test)', { env: 'test' }, true],
    ['env notin (prod)', { env: 'prod' }, false],
    ['critical', { critical: '' }, true],
    ['!critical', { critical: '' }, false],
    ['team=web, env in (a,b), !old', { team: 'web', env: 'b' }, true],
    ['team=', { team: '' }, true],
  ])('%s of %j: %s', (text, labels, expected) => expect(chooses(text, labels)).toBe(expected));

  it.each([',', 'a b', 'a=b c', 'in (a)', 'a in b', 'a in (b', '-a', 'a=b,', '=b', '!!a', 'a in (b c)'])(
    'refuses %j',
    (text) => expect(parseLabelFilter(text)).toMatchObject({ ok: false }),
  );

  it('answers for any text, and never throws', () => {
    const unit = fc.constantFrom('a', '=', '!', ' ', 'in', '(', ')', ',');
    fc.assert(fc.property(fc.string({ unit }), (text) => typeof parseLabelFilter(text).ok === 'boolean'));
  });
});
