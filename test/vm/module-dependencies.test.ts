import { insertionOrder, moduleName, parseModuleIndex } from './module-dependencies';

const index = parseModuleIndex(
  [
    'kernel/fs/9p/9p.ko.xz: kernel/net/9p/9pnet.ko.xz kernel/fs/netfs/netfs.ko.xz',
    'kernel/net/9p/9pnet.ko.xz:',
    'kernel/fs/netfs/netfs.ko.xz:',
    'kernel/net/9p/9pnet_virtio.ko.xz: kernel/net/9p/9pnet.ko.xz kernel/drivers/virtio/virtio.ko.xz',
    'kernel/drivers/virtio/virtio.ko.xz:',
    'kernel/net/xt-with-dash.ko:',
    '',
  ].join('\n'),
  'kernel/fs/overlayfs/overlay.ko\n',
);

describe('the order in which modules are inserted', () => {
  it('puts what a module needs before it, each once', () => {
    expect(insertionOrder(index, ['9pnet_virtio', '9p']).map(moduleName)).toEqual([
      '9pnet',
      'virtio',
      '9pnet_virtio',
      'netfs',
      '9p',
    ]);
  });

  it('leaves out what is built into the kernel', () => {
    expect(insertionOrder(index, ['overlay'])).toEqual([]);
  });

  it('takes - and _ in names for the same, as the kernel does', () => {
    expect(insertionOrder(index, ['xt_with-dash'])).toEqual(['kernel/net/xt-with-dash.ko']);
  });

  it('names the module that the kernel does not have', () => {
    expect(() => insertionOrder(index, ['9p', 'nosuch'])).toThrow('the kernel has no module nosuch');
  });
});
