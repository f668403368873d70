import { MountTable } from './mount-table';

const MOUNTS = [
  '42 27 254:0 /run/netns /run/netns rw,relatime shared:1 - ext4 /dev/vda rw',
  '43 42 0:4 net:[4026532177] /run/netns/ns1 rw shared:2 - nsfs nsfs rw',
  '44 42 0:4 uts:[4026532178] /run/netns/odd rw - nsfs nsfs rw',
  '45 42 0:4 /net:[4026532179] /run/netns/fake rw - tmpfs tmpfs rw',
  '46 42 0:4 net:[4026532180] /run/netns/with\\040blank rw - nsfs nsfs rw',
];

const table = (...more: string[]): MountTable => new MountTable([...MOUNTS, ...more, ''].join('\n'));

describe('the kind of a namespace that is bind-mounted', () => {
  it('is that of its mount', () => {
    expect(table().typeOf(4026532177)).toBe('net');
    expect(table().typeOf(4026532178)).toBe('uts');
  });

  it('is not known of what is not mounted as a namespace', () => {
    expect(table().typeOf(4026532179)).toBeUndefined();
    expect(table().typeOf(402653217)).toBeUndefined();
  });
});

describe('a namespace on whose path something else is mounted', () => {
  it('is hidden by another namespace, or by anything else', () => {
    const byNamespace = table('50 43 0:4 net:[4026532999] /run/netns/ns1 rw - nsfs nsfs rw');
    expect(byNamespace.hiddenAt('/run/netns/ns1')).toEqual({ name: 'net:[4026532177]' });
    const byFile = table('50 46 0:30 /some/file /run/netns/with\\040blank rw - tmpfs tmpfs rw');
    expect(byFile.hiddenAt('/run/netns/with blank')).toEqual({ name: 'net:[4026532180]' });
  });

  it('is not hidden by itself, mounted twice', () => {
    const again = table('50 43 0:4 net:[4026532177] /run/netns/ns1 rw - nsfs nsfs rw');
    expect(again.hiddenAt('/run/netns/ns1')).toBeUndefined();
  });

  it('is not hidden by a mount beside it, which was propagated', () => {
    const beside = table('50 27 0:4 net:[4026532999] /run/netns/ns1 rw - nsfs nsfs rw');
    expect(beside.hiddenAt('/run/netns/ns1')).toBeUndefined();
  });

  it('is not there where no namespace was', () => {
    const other = table('50 44 0:4 net:[4026532999] /run/netns/odd rw - nsfs nsfs rw');
    expect(other.hiddenAt('/run/netns/odd')).toBeUndefined();
    expect(table().hiddenAt('/run/netns/nothing')).toBeUndefined();
  });
});
