import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readlinkSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pino from 'pino';
import { NetnsFolder } from './netns-folder';

const OWN = statSync('/proc/self/ns/net').ino;

// Waits are for events, and end when these come; a busy machine may take its time.
jest.setTimeout(30_000);

describe('a folder of names', () => {
  let parent: string;
  let path: string;
  let folder: NetnsFolder;

  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), 'nsgate-netns-'));
    path = join(parent, 'netns');
    folder = new NetnsFolder(path, pino({ level: 'silent' }));
  });

  afterEach(() => {
    folder.close();
    rmSync(parent, { recursive: true });
  });

  it('that is not there holds none', () => {
    expect(folder.readAll().size).toBe(0);
  });

  it('that cannot be read is an error, not an empty folder', () => {
    writeFileSync(path, '');
    expect(() => folder.readAll()).toThrow('ENOTDIR');
  });

  it('tells network namespaces from all else', () => {
    mkdirSync(path);
    symlinkSync('/proc/self/ns/net', join(path, 'net'));
    symlinkSync('/proc/self/ns/uts', join(path, 'uts'));
    symlinkSync('/nowhere', join(path, 'dangling'));
    writeFileSync(join(path, 'placeholder'), '');
    mkdirSync(join(path, 'folder'));
    execFileSync('mkfifo', [join(path, 'fifo')]);
    expect(Object.fromEntries(folder.readAll())).toEqual({
      net: { kind: 'namespace', inode: OWN },
      uts: { kind: 'stray', detail: 'a namespace of another kind: uts' },
      dangling: { kind: 'stray', detail: 'cannot be looked at: ENOENT' },
      placeholder: { kind: 'placeholder' },
      folder: { kind: 'stray', detail: 'not a file' },
      fifo: { kind: 'stray', detail: 'not a file' },
    });
  });

  it('says of a name that it is gone once it is', () => {
    mkdirSync(path);
    symlinkSync('/proc/self/ns/net', join(path, 'ns1'));
    expect(folder.read('ns1')).toEqual({ kind: 'namespace', inode: OWN });
    rmSync(join(path, 'ns1'));
    expect(folder.read('ns1')).toBeUndefined();
  });

  it('sees that a name has become something else', () => {
    mkdirSync(path);
    writeFileSync(join(path, 'ns1'), '');
    expect(folder.read('ns1')).toEqual({ kind: 'placeholder' });
    rmSync(join(path, 'ns1'));
    symlinkSync('/proc/self/ns/net', join(path, 'ns1'));
    expect(folder.read('ns1')).toEqual({ kind: 'namespace', inode: OWN });
  });

  it('holds the namespace of a name open until it is released', () => {
    mkdirSync(path);
    symlinkSync('/proc/self/ns/net', join(path, 'ns1'));
    const held = folder.hold('ns1');
    expect(held?.inode).toBe(OWN);
    expect(openNamespaces()).toBe(1);
    held?.release();
    expect(openNamespaces()).toBe(0);
    expect(folder.hold('gone')).toBeUndefined();
  });

  it('tells of names that come and go, even when the folder comes later', async () => {
    const seen = new Set<string | undefined>();
    folder.watch((name) => seen.add(name));
    mkdirSync(path);
    await until(() => seen.has(undefined));
    writeFileSync(join(path, 'ns1'), '');
    await until(() => seen.has('ns1'));
    seen.clear();
    rmSync(join(path, 'ns1'));
    await until(() => seen.has('ns1'));
  });

  it('tells of names in the folder that took its place', async () => {
    mkdirSync(path);
    const seen = new Set<string | undefined>();
    folder.watch((name) => seen.add(name));
    rmSync(path, { recursive: true });
    mkdirSync(path);
    await until(() => seen.has(undefined));
    writeFileSync(join(path, 'ns2'), '');
    await until(() => seen.has('ns2'));
  });
});

function openNamespaces(): number {
  const fds = Array.from({ length: 200 }, (_, fd) => `/proc/self/fd/${fd}`);
  return fds.filter((fd) => linkOf(fd).startsWith('net:[')).length;
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 2000 && !holds(); i++) await sleep(10);
  expect(holds()).toBe(true);
}
