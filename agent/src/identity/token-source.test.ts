import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino, type Logger } from 'pino';
import { tokenMark } from './enrolment-token';
import { TokenSource } from './token-source';

describe('where a token waits', () => {
  let folder: string;
  let file: string;
  let said: string;
  let log: Logger;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'nsgate-token-'));
    file = join(folder, 'enroll-token');
    said = '';
    log = pino({}, { write: (line) => (said += line) });
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const source = (env: NodeJS.ProcessEnv = {}, used?: string): TokenSource =>
    new TokenSource({ file, env, used, log });
  const put = (text: string, mode = 0o600): void => writeFileSync(file, text, { mode });

  it('is a file, which may come at any time, and goes when it was used', () => {
    const tokens = source();
    expect(tokens.fresh()).toBeUndefined();
    put('one\n');
    expect(tokens.fresh()).toBe('one');
    tokens.forget('one');
    expect([tokens.fresh(), existsSync(file)]).toEqual([undefined, false]);
    put('two');
    expect(tokens.fresh()).toBe('two');
  });

  it('is the environment, out of which it is taken at once', () => {
    const env = { NSGATE_ENROLL_TOKEN: ' one ' };
    const tokens = source(env);
    expect(env).toEqual({});
    expect(tokens.fresh()).toBe('one');
    put('from the file');
    expect(tokens.fresh()).toBe('from the file');
  });

  it('gives no token that was used before, also by an agent that ran before', () => {
    const tokens = source({ NSGATE_ENROLL_TOKEN: 'one' });
    tokens.forget('one');
    expect(tokens.fresh()).toBeUndefined();
    expect(source({ NSGATE_ENROLL_TOKEN: 'one' }, tokenMark('one')).fresh()).toBeUndefined();
  });

  it('keeps a file whose token was refused, and gives it once', () => {
    put('bad');
    const tokens = source();
    tokens.refuse('bad');
    expect([tokens.fresh(), existsSync(file)]).toEqual([undefined, true]);
    put('better');
    expect(tokens.fresh()).toBe('better');
  });

  it('does not remove a file that holds another token by now', () => {
    put('two');
    source().forget('one');
    expect(existsSync(file)).toBe(true);
  });

  it('says once, without the token, that others can read the file', () => {
    put('secret-token');
    chmodSync(file, 0o644);
    const tokens = source();
    expect([tokens.fresh(), tokens.fresh()]).toEqual(['secret-token', 'secret-token']);
    expect(said.match(/can be read by others/g)).toHaveLength(1);
    expect(said).not.toContain('secret-token');
  });

  it.each([
    ['a folder', () => (file = folder)],
    ['very large', () => put('x'.repeat(10_000))],
  ])('is none that is %s, which is said', (_what, make) => {
    make();
    expect(source().fresh()).toBeUndefined();
    expect(said).toContain('the token cannot be read');
  });
});
