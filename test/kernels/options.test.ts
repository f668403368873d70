import { parseOptions } from './options';

describe('the command line of the kernel tests', () => {
  it('means every supported kernel unless some are named', () => {
    expect(parseOptions([])).toEqual(['5.10', '6.1', '6.12', '7']);
    expect(parseOptions(['--kernel', '6.12'])).toEqual(['6.12']);
    expect(parseOptions(['--kernel', '7', '--kernel', '5.10'])).toEqual(['7', '5.10']);
  });

  it('refuses a kernel that is not supported, and says which are', () => {
    const exit = jest.spyOn(process, 'exit').mockImplementation(() => {
      throw new Error('exit');
    });
    const say = jest.spyOn(process.stderr, 'write').mockImplementation(() => true);
    expect(() => parseOptions(['--kernel', '4.4'])).toThrow('exit');
    expect(say.mock.calls.join()).toContain('supported are 5.10, 6.1, 6.12, 7');
    expect(exit).toHaveBeenCalledWith(1);
    jest.restoreAllMocks();
  });
});
