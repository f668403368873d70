/** Keeps a flood of refused calls from washing the audit log away: of each peer a few are written whole, the others are counted. */

export interface RefusalMeterOptions {
  /** How many in a row are written. */
  readonly burst: number;
  /** After how long one more may be. */
  readonly everyMs: number;
}

interface Bucket {
  tokens: number;
  at: number;
  unwritten: number;
}

/** Peers that are remembered; beyond, the one that has been quiet the longest is forgotten. */
const MAX_PEERS = 4096;

export class RefusalMeter {
  readonly #buckets = new Map<string, Bucket>();

  constructor(
    private readonly options: RefusalMeterOptions,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** How many refusals of the peer went unwritten before this one; undefined when this one is to go unwritten. */
  take(peer: string): number | undefined {
    const bucket = this.#bucketOf(peer);
    if (bucket.tokens < 1) {
      bucket.unwritten += 1;
      return undefined;
    }
    bucket.tokens -= 1;
    const { unwritten } = bucket;
    bucket.unwritten = 0;
    return unwritten;
  }

  /** Whether the next refusal of the peer is one too many. */
  isSpent(peer: string): boolean {
    return this.#bucketOf(peer).tokens < 1;
  }

  #bucketOf(peer: string): Bucket {
    const { burst, everyMs } = this.options;
    const now = this.now();
    const bucket = this.#buckets.get(peer) ?? { tokens: burst, at: now, unwritten: 0 };
    bucket.tokens = Math.min(burst, bucket.tokens + (now - bucket.at) / everyMs);
    bucket.at = now;
    this.#buckets.delete(peer);
    this.#buckets.set(peer, bucket);
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size > MAX_PEERS && oldest !== undefined) this.#buckets.delete(oldest);
    return bucket;
  }
}
