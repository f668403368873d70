/** Files that are either as before or whole, whatever happens while they are written. */
import { open, rename, unlink, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** A file could not be replaced; it is as before. */
export class StoringFault extends Error {
  override readonly name = 'StoringFault';

  constructor(
    cause: NodeJS.ErrnoException,
    /** What there has to be room for. */
    readonly bytes: number,
  ) {
    super(cause.message, { cause });
  }
}

/** Replaces the file; resolves once that would survive a power cut. Rejects with StoringFault. Calls for one path must not overlap. */
export async function writeDurably(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = `${path}.tmp`;
  try {
    await writeSynced(temporary, content);
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw new StoringFault(error as NodeJS.ErrnoException, Buffer.byteLength(content));
  }
  await syncFolder(dirname(path));
}

/** Throws unless a file of so many bytes can be written in the folder. */
export async function demandRoom(folder: string, bytes: number): Promise<void> {
  const probe = join(folder, `.probe-${process.pid}`);
  try {
    await writeSynced(probe, Buffer.alloc(bytes));
  } finally {
    await unlink(probe).catch(() => undefined);
  }
}

async function writeSynced(path: string, content: string | Uint8Array): Promise<void> {
  await withFile(await open(path, 'w', 0o600), async (file) => {
    await file.writeFile(content);
    await file.sync();
  });
}

/** Resolves once what was made, renamed or removed in the folder would survive a power cut. */
export async function syncFolder(path: string): Promise<void> {
  await withFile(await open(path, 'r'), (folder) => folder.sync());
}

export async function withFile<T>(file: FileHandle, use: (file: FileHandle) => Promise<T>): Promise<T> {
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}
