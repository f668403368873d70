import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readCommandLine } from './command-line';
import { ConfigFault } from './config';

const run = (...args: string[]) => readCommandLine(['run', ...args], '1.2.3')?.config;

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
    [['--controller', 'a:1', '--nice', 'fast'], '--nice: is a whole number'],
    [['--controller', 'a:1', '--nice=-21'], '--nice: is at least -20'],
    [['--controller', 'a:1', '--log-level', 'loud'], '--log-level: '],
    [['--controller', 'a:1', '--no-such-flag'], "unknown option '--no-such-flag'"],
    [['--controller', 'a:1', '--quarantine', 'maybe'], '--quarantine: is on or off'],
    [['--controller', 'a:1', '--quarantine-release-after', 'soon'], 'neither a number of seconds'],
    [['--controller', 'a:1', '--metrics-listen', '0.0.0.0:9464'], 'is not on loopback'],
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
    expect(() => readCommandLine([], '1.2.3')).toThrow('nsgate-agent run');
  });
});

describe('the file of settings', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nsgate-config-'));
  const file = join(folder, 'agent.yaml');
  const withFile = (text: string, ...args: string[]) => {
    writeFileSync(file, text);
    return run('--config', file, ...args);
  };

  afterAll(() => rmSync(folder, { recursive: true }));

  it('says what flags and environment do not', () => {
    const text =
      'controller: [a:1, "b:2"]\nlabel: {role: vpn, rack: 7}\nquarantine: true\nhost-id: from-file\n';
    expect(withFile(text, '--host-id', 'from-flag')).toMatchObject({
      controller: ['a:1', 'b:2'],
      label: { role: 'vpn', rack: '7' },
      quarantine: true,
      hostId: 'from-flag',
      stateDir: '/var/lib/nsgate',
    });
  });

  it('may have one value where a list is meant', () => {
    expect(withFile('controller: a:1,b:2\nquarantine-release-after: 2.5\n')).toMatchObject({
      controller: ['a:1', 'b:2'],
      quarantineReleaseAfter: 2500,
    });
  });

  it('may be empty', () => {
    expect(withFile('', '--controller', 'a:1')?.controller).toEqual(['a:1']);
  });

  it.each([
    ['controler: a:1', 'there is no setting controler'],
    ['controller: nowhere', '--controller: "nowhere" is not of the form'],
    ['- a\n- b', 'is no list of settings'],
    ['a: [', 'agent.yaml: '],
    ['controller: {a: {b: c}}', 'controller: is neither text'],
  ])('that says %j is refused in one line', (text, reason) => {
    expect(() => withFile(text)).toThrow(ConfigFault);
    expect(() => withFile(text)).toThrow(reason);
  });

  it('must be there when it was named', () => {
    expect(() => run('--config', join(folder, 'none.yaml'), '--controller', 'a:1')).toThrow(
      '--config: ENOENT',
    );
  });
});

describe('a command', () => {
  const line = (...args: string[]) => readCommandLine([...args, '--controller', 'a:1'], '1.2.3');

  it('can be any of run, check, status, explain and flush', () => {
    expect(line('check')).toMatchObject({ command: 'check' });
    expect(line('status')).toMatchObject({ command: 'status' });
    expect(line('flush')).toMatchObject({ command: 'flush', isSure: false });
    expect(line('flush', '--yes')).toMatchObject({ command: 'flush', isSure: true });
  });

  it('needs a controller only where it runs', () => {
    const without = (...args: string[]) => readCommandLine(args, '1.2.3');
    expect(() => without('run')).toThrow('name at least one controller');
    const packet = ['web', 'input', 'tcp', '10.0.0.1', '10.0.0.2'];
    for (const words of [['check'], ['status'], ['flush'], ['explain', ...packet]]) {
      expect(without(...words)).toMatchObject({ command: words[0], config: { controller: [] } });
    }
  });

  it('that is not understood says where to read on', () => {
    expect(() => line('explain', 'web')).toThrow('(see nsgate-agent explain --help)');
    expect(() => line('status', '--lables', 'a=b')).toThrow('(see nsgate-agent status --help)');
    expect(() => line('sttus')).toThrow('(see nsgate-agent --help)');
  });

  it('explains a packet as it was typed', () => {
    const typed = ['explain', 'web', 'INPUT', 'tcp', '10.0.0.1:1234', '[2001:db8::1]:443', '--state', 'new'];
    expect(line(...typed)).toMatchObject({
      command: 'explain',
      packet: { namespace: 'web', hook: 'INPUT', protocol: 'tcp', source: '10.0.0.1:1234', state: 'new' },
    });
    expect(() => line('explain', 'web')).toThrow("missing required argument 'hook'");
  });
});
