import { statSync } from 'node:fs';
import { MountTable } from './mount-table';
import { findOut } from './nsfs-file';

describe('a namespace that is mounted nowhere', () => {
  const stat = statSync('/proc/self/ns/net');
  const none = new MountTable('');

  it('is known by what its open file says', () => {
    expect(findOut('/proc/self/ns/net', stat, none)).toEqual({ kind: 'namespace', inode: stat.ino });
  });

  it('is not taken for one of another kind because its file is gone meanwhile', () => {
    expect(findOut('/run/netns/gone-meanwhile', stat, none)).toBeUndefined();
  });
});
