import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StartupError } from '../startup-error';
import { NothingToStart, readConfig } from './config';
import { CALL_LIMITS } from '../rpc/call-meter';
import { CONNECTION_LIMITS } from '../rpc/connection-gate';

const read = (...args: string[]): ReturnType<typeof readConfig> => readConfig(args, '1.2.3');
const TLS = ['--tls-ca', '/a', '--tls-cert', '/b', '--tls-key', '/c'];

function problem(...args: string[]): string {
  try {
    read(...args);
  } catch (error) {
    if (error instanceof StartupError) return error.message;
    throw error;
  }
  return '';
}

describe('the configuration', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nsgate-config-'));
  const file = join(folder, 'controller.yaml');

  afterEach(() => {
    delete process.env.NSGATE_LOG_LEVEL;
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('runs without being told anything, on a Unix socket alone', () => {
    expect(read()).toEqual({
      dataDir: '/var/lib/nsgate/controller',
      socket: '/run/nsgate/controller.sock',
      limits: { connections: CONNECTION_LIMITS, calls: CALL_LIMITS },
      tcp: undefined,
      web: undefined,
      logLevel: 'info',
      accessFile: undefined,
      trustDomain: 'nsgate.local',
      certificateLifetimeMs: 30 * 86_400_000,
      audit: { path: '/var/lib/nsgate/controller/audit.jsonl', maxBytes: 64 * 2 ** 20, keep: 16 },
    });
  });

  it('opens TCP when there are certificates', () => {
    const authority = { kind: 'site', ca: '/a', cert: '/b', key: '/c', caKey: undefined };
    expect(read(...TLS).tcp).toEqual({ address: '127.0.0.1:7443', authority });
    expect(read(...TLS, '--listen', '[::1]:0').tcp).toEqual({ address: '[::1]:0', authority });
  });

  it('tells metrics where it is told to, on loopback if it is told a port alone', () => {
    const limits = { maxHosts: 20, maxPolicies: 1000, maxRules: 10_000 };
    expect(read('--metrics-listen', '9465').metrics).toEqual({ address: '127.0.0.1:9465', ...limits });
    expect(read('--metrics-listen', '[::1]:1', '--metrics-hosts', '0').metrics).toEqual({
      ...{ ...limits, address: '[::1]:1', maxHosts: 0 },
    });
    expect(problem('--metrics-listen', '65536')).toMatch(/^--metrics-listen is not HOST:PORT/);
  });

  it('makes a CA of its own for the names that it is given, and takes no other beside it', () => {
    expect(read('--tls-names', 'a.example, 10.0.0.1').tcp).toEqual({
      address: '127.0.0.1:7443',
      authority: { kind: 'own', names: ['a.example', '10.0.0.1'] },
    });
    expect(problem('--tls-names', 'a.example', ...TLS)).toBe(
      'give --tls-names, or the files of another CA, not both',
    );
  });

  it.each([[['--listen', '127.0.0.1:7443']], [['--tls-ca', '/a']], [TLS.slice(2)]])(
    'does not open TCP without all of its certificates: %j',
    (args) => {
      expect(problem(...args)).toBe(
        'TCP is served with TLS and certificates only: give --tls-ca, --tls-cert and --tls-key, all three, or --tls-names for a CA of its own',
      );
    },
  );

  it('serves the web page when it is told where, by the certificates of TCP', () => {
    expect(read(...TLS).web).toBeUndefined();
    const web = ['--web', '[::]:8443'];
    expect(read(...TLS, ...web).web).toEqual({ address: '[::]:8443' });
    expect(read('--tls-names', 'a.example', ...web).web).toEqual({ address: '[::]:8443' });
    expect(problem(...web)).toMatch(/TLS only: give --tls-ca.*or --tls-names/);
  });

  it('takes flags over environment over file over defaults', () => {
    writeFileSync(file, 'logLevel: error\nsocket: /from/file\ndataDir: /from/file\n');
    process.env.NSGATE_LOG_LEVEL = 'warn';
    expect(read('--config', file, '--data-dir', '/from/flag')).toMatchObject({
      dataDir: '/from/flag',
      logLevel: 'warn',
      socket: '/from/file',
    });
  });

  it.each([
    [['--listen', 'localhost'], '--listen is not HOST:PORT'],
    [['--listen', '127.0.0.1:70000'], '--listen is not HOST:PORT'],
    [['--log-level', 'loud'], '--log-level is none of'],
    [['--data-dir', ''], '--data-dir is empty'],
    [['--certificate-lifetime', '1s'], '--certificate-lifetime is no time of 10s to 3650d'],
    [['--trust-domain', 'A B'], '--trust-domain is no trust domain'],
    [['--audit-keep', '-1'], '--audit-keep is not 0 to 10000'],
    [['--audit-max-mib', 'much'], '--audit-max-mib is no'],
    [['--nonsense'], "unknown option '--nonsense'"],
    [['stray'], 'too many arguments'],
    [['--config', '/nonexistent'], 'cannot read the configuration /nonexistent: ENOENT'],
  ])('says in one line what is wrong with %j', (args, expected) => {
    expect(problem(...args, ...TLS)).toContain(expected);
    expect(problem(...args, ...TLS)).not.toContain('\n');
  });

  it.each([
    ['a list', '- a', 'it is not a map of settings'],
    ['no YAML', '{', 'cannot read the configuration'],
    ['an unknown setting', 'dataFolder: x', 'dataFolder'],
    ['a setting of another kind', 'socket: 5', '--socket'],
  ])('refuses a file that is %s', (_what, text, expected) => {
    writeFileSync(file, text);
    expect(problem('--config', file)).toContain(expected);
  });

  it('starts nothing when it is asked for help', () => {
    const write = jest.spyOn(process.stdout, 'write').mockReturnValue(true);
    expect(() => read('--help')).toThrow(NothingToStart);
    expect(() => read('--version')).toThrow(NothingToStart);
    write.mockRestore();
  });
});
