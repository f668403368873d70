// Lets one setup of a checkout work at a time. The lock is a socket in Linux's abstract namespace (unix(7)): it
// leaves nothing behind, and goes with its holder however that ends.
import { connect, createServer } from 'node:net';

import { checkout } from './places.mjs';

const address = `\0nsgate-setup:${checkout}`;

/** @returns {Promise<import('node:net').Server | undefined>} undefined if another process holds the lock */
function tryToHold() {
  return new Promise((resolve, reject) => {
    // Waiters learn of the end by their connection's end, and must not delay it.
    const server = createServer((waiter) => waiter.unref().on('error', () => waiter.destroy()));
    server.once('error', (error) => {
      if ('code' in error && error.code === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    server.listen(address, () => resolve(server));
  });
}

/** Settles when the holder has ended, or was gone already. */
function holderGone() {
  return new Promise((resolve) => {
    connect(address).on('error', resolve).on('close', resolve).resume();
  });
}

/**
 * Runs `work` while holding the lock, which this process then keeps to its end.
 * @param {() => Promise<void>} work
 */
export async function withLock(work) {
  let server = await tryToHold();
  if (!server) process.stderr.write('setup: waiting for another setup of this checkout\n');
  while (!server) {
    await holderGone();
    server = await tryToHold();
  }
  server.unref();
  await work();
}
