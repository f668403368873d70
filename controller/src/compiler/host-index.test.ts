import fc from 'fast-check';
import { selectsHost, type LabelRequirement } from '../model/selector';
import { HostIndex } from './host-index';

const key = fc.constantFrom('a', 'b', 'c');
const value = fc.constantFrom('', '1', '2');
const requirement: fc.Arbitrary<LabelRequirement> = fc.oneof(
  fc.record({ operator: fc.constantFrom('equals', 'not-equals'), key, value }),
  fc.record({
    operator: fc.constantFrom('in', 'not-in'),
    key,
    values: fc.array(value, { minLength: 1, maxLength: 4 }),
  }),
  fc.record({ operator: fc.constantFrom('exists', 'does-not-exist'), key }),
);
const labels = fc.array(fc.tuple(key, value)).map((entries) => new Map(entries));
const change = fc.record({ host: fc.constantFrom('h1', 'h2', 'h3', 'h4'), labels: fc.option(labels) });

describe('HostIndex', () => {
  it('selects exactly the hosts whose labels the selector chooses, after any changes of hosts', () => {
    fc.assert(
      fc.property(fc.array(change), fc.array(requirement, { maxLength: 3 }), (changes, requirements) => {
        const index = new HostIndex();
        const model = new Map<string, Map<string, string>>();
        for (const { host, labels: given } of changes) {
          if (given === null) {
            index.delete(host);
            model.delete(host);
          } else {
            index.set(host, given);
            model.set(host, given);
          }
        }
        const expected = [...model]
          .filter(([, has]) => selectsHost({ requirements }, has))
          .map(([host]) => host);
        expect(index.select({ requirements }).sort()).toEqual(expected.sort());
      }),
    );
  });
});
