// The guest's initramfs: busybox, guest/init.sh and the few modules that reaching the host's files takes.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { type CpioEntry, cpioArchive } from './cpio-archive';
import { findProgram } from './host-program';
import { type KernelImage, readModule } from './kernel-image';
import { insertionOrder, moduleName, parseModuleIndex } from './module-dependencies';

const modulesForRoot = ['virtio_pci', 'virtio_console', '9pnet_virtio', '9p', 'overlay'];

function moduleEntries(image: KernelImage): CpioEntry[] {
  const index = parseModuleIndex(
    readFileSync(join(image.modules, 'modules.dep'), 'utf8'),
    readFileSync(join(image.modules, 'modules.builtin'), 'utf8'),
  );
  const files = insertionOrder(index, modulesForRoot);
  const names = files.map((file) => `${moduleName(file)}.ko`);
  return [
    { kind: 'file', path: 'modules/order', content: Buffer.from(names.map((name) => `${name}\n`).join('')) },
    ...files.map((file): CpioEntry => {
      return { kind: 'file', path: `modules/${moduleName(file)}.ko`, content: readModule(image, file) };
    }),
  ];
}

function entries(
  image: KernelImage,
  busybox: Buffer,
  scripts: { init: Buffer; session: Buffer },
): CpioEntry[] {
  const folders = ['bin', 'dev', 'proc', 'sys', 'modules'];
  return [
    ...folders.map((path): CpioEntry => ({ kind: 'directory', path })),
    // The kernel opens it as process 1's standard streams before that has mounted /dev.
    { kind: 'character-device', path: 'dev/console', major: 5, minor: 1 },
    { kind: 'file', path: 'bin/busybox', content: busybox, executable: true },
    { kind: 'file', path: 'init', content: scripts.init, executable: true },
    { kind: 'file', path: 'session.sh', content: scripts.session },
    ...moduleEntries(image),
  ];
}

/** Path of the initramfs for `image`, made anew only when something that goes into it has changed. */
export function initramfs(image: KernelImage): string {
  const busybox = readFileSync(findProgram('busybox', 'busybox-static'));
  const scripts = {
    init: readFileSync(join(__dirname, 'guest', 'init.sh')),
    session: readFileSync(join(__dirname, 'guest', 'session.sh')),
  };
  const hash = createHash('sha256').update(busybox).update(scripts.init).update(scripts.session);
  const name = `initramfs-${hash.update(modulesForRoot.join()).digest('hex').slice(0, 16)}`;
  const folder = join(image.modules, '..', '..', '..');
  const path = join(folder, name);
  if (existsSync(path)) return path;
  const unfinished = `${path}.${process.pid}`;
  writeFileSync(unfinished, cpioArchive(entries(image, busybox, scripts)));
  renameSync(unfinished, path);
  return path;
}
