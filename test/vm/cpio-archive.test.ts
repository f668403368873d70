import { execFileSync } from 'node:child_process';

import { cpioArchive } from './cpio-archive';

describe('the initramfs archive', () => {
  it('is read by busybox’s cpio: paths, contents, modes', () => {
    const archive = cpioArchive([
      { kind: 'directory', path: 'bin' },
      { kind: 'file', path: 'bin/tool', content: Buffer.from('odd'), executable: true },
      { kind: 'file', path: 'note', content: Buffer.alloc(0) },
      { kind: 'character-device', path: 'console', major: 5, minor: 1 },
    ]);
    const listing = execFileSync('busybox', ['cpio', '-tv'], { input: archive, encoding: 'utf8' });
    const fields = listing
      .trim()
      .split('\n')
      .map((line) => line.replace(/ .* /, ' ').split(' '));
    expect(fields).toEqual([
      ['drwxr-xr-x', 'bin'],
      ['-rwxr-xr-x', 'bin/tool'],
      ['-rw-r--r--', 'note'],
      ['crw-------', 'console'],
    ]);
  });
});
