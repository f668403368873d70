import { VmError } from '../vm/vm-error';
import { resultLine, resultOf } from './report';
import { TestFailure } from './test-failure';

describe('the result of a kernel', () => {
  it('tells what held', async () => {
    const result = await resultOf('6.1', () => Promise.resolve(['6.1.0-56-amd64', '200 checks']));
    expect(resultLine(result)).toMatch(/^passed {2}6\.1 +6\.1\.0-56-amd64, 200 checks \(0 s\)$/);
  });

  it('tells what failed, and where to read more', async () => {
    const result = await resultOf('7', () =>
      Promise.reject(new TestFailure('device-test: not ok 3', '/x.log')),
    );
    expect(resultLine(result)).toMatch(/^failed {2}7 +device-test: not ok 3; see \/x\.log/);
  });

  it('is a failure also where the kernel cannot be had', async () => {
    const result = await resultOf('7', () => Promise.reject(new VmError('Debian has no kernel')));
    expect(result.kind).toBe('failed');
  });

  it('is none when the test itself is at fault', async () => {
    await expect(resultOf('7', () => Promise.reject(new TypeError('bug')))).rejects.toThrow(TypeError);
  });
});
