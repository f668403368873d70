/** How many calls may be open at once, of each viewer and of all. */
import { status } from '@grpc/grpc-js';
import { RpcError } from '@nsgate/proto';
import type { Viewer } from './viewer';

export interface QuotaLimits {
  /** What is counted, in the plural, for messages. */
  readonly what: string;
  readonly ofViewer: number;
  readonly ofAll: number;
}

export class Quota {
  readonly #open = new Map<string, number>();
  #total = 0;

  constructor(private readonly limits: QuotaLimits) {}

  /** Takes a place and gives what returns it; RESOURCE_EXHAUSTED when there is none. */
  take({ name }: Viewer): () => void {
    const { what, ofViewer, ofAll } = this.limits;
    const own = this.#open.get(name) ?? 0;
    if (own >= ofViewer) throw exhausted(`you have ${own} ${what} open already: close another page first`);
    if (this.#total >= ofAll) throw exhausted(`${ofAll} ${what} are open already: try again later`);
    this.#change(name, 1);
    return () => this.#change(name, -1);
  }

  #change(key: string, by: 1 | -1): void {
    const count = (this.#open.get(key) ?? 0) + by;
    if (count === 0) this.#open.delete(key);
    else this.#open.set(key, count);
    this.#total += by;
  }
}

function exhausted(message: string): RpcError {
  return new RpcError(status.RESOURCE_EXHAUSTED, message);
}
