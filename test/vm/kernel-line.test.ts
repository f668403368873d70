import { isWithin, kernelLineOf } from './kernel-line';
import { exitStatus, VmError } from './vm-error';

describe('kernel versions', () => {
  it.each([
    ['6.1.0-56-amd64', '6.1', true],
    ['6.12.117+deb12-amd64', '6.1', false],
    ['6.12.117+deb12-amd64', '6.12', true],
    ['6.1', '6.1', true],
    ['7.3.4+deb13-amd64', '7', true],
    ['6.1.0-56-amd64', '6.1.0-5', false],
  ])('%s within %s: %s', (version, prefix, within) => {
    expect(isWithin(version, prefix)).toBe(within);
  });

  it('belong to the line they begin with', () => {
    expect(kernelLineOf('6.12').prefix).toBe('6.12');
    expect(kernelLineOf('6.1.0-56').prefix).toBe('6.1');
  });

  it('outside every line are refused with a list of the supported ones', () => {
    expect(() => kernelLineOf('4.19')).toThrow(
      new VmError(
        'no kernel 4.19: supported are 5.10, 6.1, 6.12, 7, and longer versions of these',
        exitStatus.usage,
      ),
    );
  });
});
