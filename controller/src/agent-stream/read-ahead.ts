/** How much of a host's stream is taken in before anybody asks for it. */
import type { Readable } from 'node:stream';

/**
 * A stream of objects takes in 16 of them while it is paused: 64 MiB of messages that nobody has paid for. Node has no other way to say
 * so of a stream that another library has made.
 */
export function readNothingAhead(stream: Readable): void {
  (stream as unknown as { _readableState: { highWaterMark: number } })._readableState.highWaterMark = 0;
}
