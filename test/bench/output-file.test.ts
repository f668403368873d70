import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { exitStatus, VmError } from '../vm/vm-error';
import { demandWritable, writeResults } from './output-file';

let folder: string;
const at = (name: string): string => join(folder, name);
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'nsgate-output-'))));
afterEach(() => rmSync(folder, { recursive: true }));

function errorOf(fail: () => void): unknown {
  try {
    fail();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('a file that results are to be written to', () => {
  it('keeps what it holds until there are some', () => {
    writeFileSync(at('old.json'), 'of the last run');
    demandWritable(at('old.json'));
    expect(readFileSync(at('old.json'), 'utf8')).toBe('of the last run');
    writeResults(at('old.json'), 'new');
    expect(readFileSync(at('old.json'), 'utf8')).toBe('new');
  });

  it('does not come to be before there are some', () => {
    demandWritable(at('new.json'), undefined);
    expect(existsSync(at('new.json'))).toBe(false);
    writeResults(at('new.json'), 'new');
    expect(readFileSync(at('new.json'), 'utf8')).toBe('new');
  });

  it('may be a device', () => {
    expect(() => demandWritable('/dev/null')).not.toThrow();
    expect(existsSync('/dev/null')).toBe(true);
  });

  it.each([
    ['is in a folder that is not there', () => at('absent/x.json')],
    ['is a folder', () => folder],
    ['leads into a folder that is not there', () => at('link')],
    ['is in what is no folder', () => '/dev/null/x.json'],
  ])('is told in one line, before and afterwards, if it %s', (_what, name) => {
    symlinkSync(at('absent/y'), at('link'));
    for (const fail of [() => demandWritable('/dev/null', name()), () => writeResults(name(), 'new')]) {
      const error = errorOf(fail);
      expect(error).toBeInstanceOf(VmError);
      expect(error).toMatchObject({ status: exitStatus.environment });
      expect((error as VmError).message).toMatch(/^cannot write the results to .*: E[A-Z]+: .*$/);
      expect((error as VmError).message).toContain(name());
    }
  });
});
