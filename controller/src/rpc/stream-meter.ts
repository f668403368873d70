/** How many streams one caller may have open at a time, over all of its connections. */
import { status } from '@grpc/grpc-js';
import { RpcError } from '@nsgate/proto';

export const MAX_STREAMS_PER_CALLER = 128;

export class StreamMeter {
  readonly #open = new Map<string, number>();

  /** Counts a stream in; gives what counts it out. RESOURCE_EXHAUSTED for one too many. */
  open(caller: string): () => void {
    const count = this.#open.get(caller) ?? 0;
    if (count >= MAX_STREAMS_PER_CALLER) {
      throw new RpcError(
        status.RESOURCE_EXHAUSTED,
        `${caller} has ${MAX_STREAMS_PER_CALLER} streams open, which is all that it may`,
      );
    }
    this.#open.set(caller, count + 1);
    return () => {
      const left = (this.#open.get(caller) ?? 1) - 1;
      if (left === 0) this.#open.delete(caller);
      else this.#open.set(caller, left);
    };
  }
}
