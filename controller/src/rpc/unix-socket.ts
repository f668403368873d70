/** Binding a Unix socket that only its owner and group may use, at every moment. */
import { lstatSync, unlinkSync } from 'node:fs';
import { createConnection } from 'node:net';
import { causeOf, StartupError } from '../startup-error';

/** sun_path of unix(7), without its final NUL. */
const MAX_PATH_BYTES = 107;

/** Removes a socket file that nobody answers on. StartupError when the path cannot be ours. */
export async function claimSocketPath(path: string): Promise<void> {
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) {
    throw new StartupError(`the socket path ${path} is longer than ${MAX_PATH_BYTES} bytes`);
  }
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw new StartupError(`${path} exists and is not a socket`);
  if (await isAnswered(path)) throw new StartupError(`another process serves the socket ${path}`);
  unlinkSync(path);
}

/** Runs `bind` so that the socket which it makes has mode 0660 from the start. */
export async function withSocketMode(bind: () => Promise<void>): Promise<void> {
  const before = process.umask(0o117);
  try {
    await bind();
  } finally {
    process.umask(before);
  }
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(false);
      else reject(new StartupError(`cannot tell who serves the socket ${path}: ${causeOf(error)}`));
    });
  });
}
