import { parseCommandLine } from './command-line';
import { exitStatus, VmError } from './vm-error';

function refusalOf(...programArguments: string[]): VmError {
  try {
    parseCommandLine(programArguments, '/');
  } catch (error) {
    if (error instanceof VmError) return error;
    throw error;
  }
  throw new Error('the command line was accepted');
}

describe('the runner’s command line', () => {
  it('passes on everything after -- untouched', () => {
    const request = parseCommandLine(
      ['--cpus', '2', '--', 'sh', '-c', 'echo "$@"', '--', '--cpus', 'x'],
      '/',
    );
    expect(request?.boot.command).toEqual(['sh', '-c', 'echo "$@"', '--', '--cpus', 'x']);
    expect(request?.boot.cpus).toBe(2);
  });

  it('passes on the options of a command given without --', () => {
    expect(parseCommandLine(['ls', '-l', '--memory', '5'], '/')?.boot.command).toEqual([
      'ls',
      '-l',
      '--memory',
      '5',
    ]);
  });

  it('boots one processor, 1024 MB and kernel 6.1 for half an hour unless told otherwise', () => {
    const request = parseCommandLine(['true'], '/srv');
    expect(request?.boot).toMatchObject({
      kernel: '6.1',
      cpus: 1,
      memoryMegabytes: 1024,
      workingDirectory: '/srv',
      countInstructions: false,
    });
    expect(request?.timeoutSeconds).toBe(1800);
  });

  it('takes variables for the command’s environment, with any value', () => {
    const request = parseCommandLine(['--env', 'A=b=c', '--env', 'EMPTY=', 'true'], '/');
    expect(request?.boot.environment).toEqual({ A: 'b=c', EMPTY: '' });
  });

  it.each([
    [['--cpus', '2', '--icount', 'true'], 'one processor'],
    [['--accel', 'kvm', '--icount', 'true'], 'excludes KVM'],
    [['--cpus', 'two', 'true'], '--cpus'],
    [['--cpus', '0', 'true'], '--cpus'],
    [['--memory', '10', 'true'], '--memory'],
    [['--accel', 'xen', 'true'], '--accel'],
    [['--env', '=x', 'true'], 'NAME=VALUE'],
    [['--bogus', 'true'], '--bogus'],
    [[], 'command'],
  ])('refuses %j, saying why', (programArguments, reason) => {
    const refusal = refusalOf(...programArguments);
    expect(refusal.message).toContain(reason);
    expect(refusal.status).toBe(exitStatus.usage);
  });
});
