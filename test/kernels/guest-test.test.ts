import { checksIn, failuresIn, testsIn } from './guest-test';

describe("the failures in a test program's output", () => {
  it('are those of the Test Anything Protocol and of jest, each told once', () => {
    expect(failuresIn(['ok 1 - a', 'not ok 2 - b', '# 1 failed'])).toEqual(['not ok 2 - b']);
    expect(failuresIn(['Bail out! no device', 'not okay'])).toEqual(['Bail out! no device']);
    const jest = '\u001b[1m\u001b[31m  \u001b[1m● \u001b[22m\u001b[1mmodule › loads\u001b[39m\u001b[22m';
    expect(failuresIn([jest, '    at line 3', jest])).toEqual(['● module › loads']);
  });
});

describe('what a test program says it tested', () => {
  it('is the plan that the device test ends with', () => {
    expect(checksIn('ok 1 - a\nok 2 - b\n1..2\n# 0 failed\n')).toBe('2 checks of the device');
    expect(checksIn('ok 1 - a\nok 2 - b\n')).toBeUndefined();
  });

  it("is jest's total, with or without colours", () => {
    expect(testsIn('Tests:       22 passed, 22 total\n')).toBe('22 end-to-end tests');
    expect(testsIn('\u001b[1mTests:       \u001b[22m\u001b[32m3 passed\u001b[39m, 3 total\n')).toBe(
      '3 end-to-end tests',
    );
    expect(testsIn('no tests found')).toBeUndefined();
  });
});
