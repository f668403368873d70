import { addressOf, filterFrom, NO_FILTER, packetRequest, problemsIn, problemsOf } from './packet-filter';

it('comes back from the address as it went there', () => {
  const filter = { ...NO_FILTER, verdict: 'drop', prefix: '10.0.0.0/8, 2001:db8::/32', port: '22' };
  expect(filterFrom(new URLSearchParams(addressOf(filter)))).toEqual(filter);
  expect(addressOf(NO_FILTER)).toBe('');
});

it('asks for any of the values of a field', () => {
  const filter = { ...NO_FILTER, host: 'a hosts/b', policy: 'p', port: '22,23', verdict: 'drop reject' };
  expect(packetRequest(filter, 5)).toEqual({
    filter: { hosts: ['hosts/a', 'hosts/b'], namespaces: [], policies: ['policies/p'] },
    verdicts: ['ACTION_DROP', 'ACTION_REJECT'],
    prefixes: [],
    ports: [22, 23],
    protocols: [],
    follow: true,
    last: 5,
  });
});

it('finds what is no request', () => {
  expect(problemsOf({ ...NO_FILTER, port: '22 ssh', verdict: 'drop' })).toEqual({
    port: '"ssh" is not from 1 to 65535',
  });
  expect(Object.keys(problemsOf({ ...NO_FILTER, verdict: 'vanish' }))).toEqual(['verdict']);
});

it("puts the controller's words to the field that they are about", () => {
  const violation = (field: string): { field: string; description: string } => ({
    field,
    description: field,
  });
  expect(problemsIn(['filter.hosts[0]', 'prefixes[1]', 'last'].map(violation))).toEqual({
    host: 'filter.hosts[0]',
    prefix: 'prefixes[1]',
  });
});
