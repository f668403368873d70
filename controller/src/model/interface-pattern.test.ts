import { interfaceProblem } from './interface-pattern';

describe('interfaceProblem', () => {
  it.each(['eth0', 'veth*', 'lo', 'a', 'x'.repeat(15), 'br-lan.10', 'wg0@'])(
    'finds nothing wrong with %j',
    (name) => {
      expect(interfaceProblem(name)).toBeUndefined();
    },
  );

  it.each([
    ['', 'empty'],
    ['*', 'every interface'],
    ['x'.repeat(16), '15 bytes'],
    ['ä'.repeat(8), '15 bytes'],
    ['a*b', 'last'],
    ['a/b', '/'],
    ['a b', 'space'],
    ['eth0:1', 'colon'],
    ['.', 'no name'],
    ['a\0', 'NUL'],
  ])('says what is wrong with %j', (name, problem) => {
    expect(interfaceProblem(name)).toContain(problem);
  });
});
