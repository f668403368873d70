import { ConfigFault, readConfig } from './config';

const run = (...args: string[]) => readConfig(['run', ...args], '1.2.3');

describe('the configuration', () => {
  it('needs nothing but a controller', () => {
    const config = run('--controller', 'gate.example:7443');
    expect(config).toMatchObject({
      controller: ['gate.example:7443'],
      stateDir: '/var/lib/nsgate',
      netnsDir: '/run/netns',
      device: '/dev/nsgate',
      logLevel: 'info',
      label: {},
    });
    expect(config?.allowInitialNamespace.size).toBe(0);
  });

  it('takes lists with commas and repeated', () => {
    const config = run(
      '--controller',
      'a:1,[::1]:2',
      '--controller',
      'c:3',
      '--label',
      'role=vpn,site=eu',
      '--label',
      'x=',
    );
    expect(config?.controller).toEqual(['a:1', '[::1]:2', 'c:3']);
    expect(config?.label).toEqual({ role: 'vpn', site: 'eu', x: '' });
  });

  it('is read from the environment where there is no flag', () => {
    process.env.NSGATE_CONTROLLER = 'a:1,b:2';
    process.env.NSGATE_HOST_ID = 'env-host';
    try {
      expect(run('--host-id', 'flag-host')).toMatchObject({
        controller: ['a:1', 'b:2'],
        hostId: 'flag-host',
      });
    } finally {
      delete process.env.NSGATE_CONTROLLER;
      delete process.env.NSGATE_HOST_ID;
    }
  });

  it.each([
    [[], '--controller: name at least one'],
    [['--controller', 'gate'], '--controller: "gate" is not of the form HOST:PORT'],
    [['--controller', 'gate:0'], 'HOST:PORT'],
    [['--controller', 'gate:65536'], 'HOST:PORT'],
    [['--controller', 'a:1', '--host-id', 'Upper'], '--host-id: a host id is'],
    [['--controller', 'a:1', '--label', 'novalue'], '--label: "novalue" is no label'],
    [['--controller', 'a:1', '--label', '=v'], '"=v" is no label'],
    [['--controller', 'a:1', '--log-level', 'loud'], '--log-level: '],
    [['--controller', 'a:1', '--no-such-flag'], "unknown option '--no-such-flag'"],
    [['--controller'], "option '--controller <host:port>' argument missing"],
  ])('%j is refused in one line', (args, reason) => {
    expect(() => run(...args)).toThrow(ConfigFault);
    expect(() => run(...args)).toThrow(reason);
    try {
      run(...args);
    } catch (error) {
      expect((error as Error).message).not.toContain('\n');
    }
  });

  it('without a command says which there is', () => {
    expect(() => readConfig([], '1.2.3')).toThrow('nsgate-agent run');
  });
});
