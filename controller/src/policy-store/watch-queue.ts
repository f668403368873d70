/** One watcher's bounded queue between the store, which never waits, and the watcher, who may. */
import type { SetChange } from './address-set-store';
import {
  WatchEnded,
  type PolicyChange,
  type PolicyWatch,
  type ResourceKind,
  type WatchEvent,
} from './policy-store';

export interface WatchQueueOptions {
  /** What comes before live changes; read lazily, not counted against the limit. */
  readonly start: readonly WatchEvent[];
  readonly kinds: ReadonlySet<ResourceKind>;
  /** Live changes that may wait. */
  readonly limit: number;
  /** Called once, when nothing more will be read. */
  readonly onClose: (queue: WatchQueue) => void;
}

type State = { kind: 'open' } | { kind: 'closed' } | { kind: 'ended'; error: WatchEnded };

export class WatchQueue implements PolicyWatch {
  #state: State = { kind: 'open' };
  #start: Iterator<WatchEvent>;
  #changes: (PolicyChange | SetChange)[] = [];
  #wake: (() => void) | undefined;

  constructor(private readonly options: WatchQueueOptions) {
    this.#start = options.start[Symbol.iterator]();
  }

  /** Queues a change; a queue that is full ends as too slow and forgets what it held. */
  push(change: PolicyChange | SetChange): void {
    if (this.#state.kind !== 'open' || !this.options.kinds.has(kindOf(change))) return;
    this.#changes.push(change);
    if (this.#changes.length > this.options.limit) this.end(new WatchEnded('too-slow'));
    else this.#wake?.();
  }

  /** Makes the iteration throw. */
  end(error: WatchEnded): void {
    this.#finish({ kind: 'ended', error });
  }

  close(): void {
    this.#finish({ kind: 'closed' });
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<WatchEvent> {
    try {
      for (;;) {
        const event = this.#next();
        if (event !== undefined) yield event;
        else if (!(await this.#changed())) return;
      }
    } finally {
      this.close();
    }
  }

  #next(): WatchEvent | undefined {
    if (this.#state.kind !== 'open') return undefined;
    const start = this.#start.next();
    return start.done === true ? this.#changes.shift() : start.value;
  }

  /** Whether to go on reading, once there is something new. */
  async #changed(): Promise<boolean> {
    if (this.#state.kind === 'open' && this.#changes.length === 0) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
      this.#wake = undefined;
    }
    return this.#stillOpen();
  }

  #stillOpen(): boolean {
    if (this.#state.kind === 'ended') throw this.#state.error;
    return this.#state.kind === 'open';
  }

  #finish(state: State): void {
    if (this.#state.kind !== 'open') return;
    this.#state = state;
    this.#changes = [];
    this.#start = [][Symbol.iterator]();
    this.options.onClose(this);
    this.#wake?.();
  }
}

/** What a change is about. */
function kindOf({ kind }: PolicyChange | SetChange): ResourceKind {
  return kind === 'put' || kind === 'removed' ? 'policy' : 'address-set';
}
