/** What comes over one host's stream, from bytes to parts that are worked on one at a time, within the host's budget. */
import type { MessagePart } from './message-parts';
import { partsOf } from './message-parts';
import type { ReadingBudget, ReadingBudgets } from './reading-budget';
import type { Reader, ReadingPump } from './reading-pump';

interface Source {
  pause(): unknown;
  resume(): unknown;
}

export interface HostReaderOptions {
  readonly source: Source;
  readonly hostId: string;
  readonly budgets: ReadingBudgets;
  readonly pump: ReadingPump;
  readonly take: (part: MessagePart) => void;
  /** Told what is wrong with the bytes, or what `take` throws. */
  readonly fail: (error: unknown) => void;
}

/** What waits here is little: the rest waits with the peer, by flow control. */
const MAX_WAITING_BYTES = 65_536;
const MAX_WAITING = 256;
/**
 * The most that is paid for what was gone through, in ms, many times what it takes: that the process was kept waiting meanwhile, for garbage
 * to be collected or by the machine, is not the host's doing, and who has said little is not to be left unread for it.
 */
const MOST_MS = 0.25;
const MOST_MS_PER_BYTE = 0.001;
/**
 * What TLS and gRPC have spent on a message before it is seen here, and what they leave to be collected as garbage: what comes in many small
 * ones is paid for, too, and so is what comes in large ones: at a tenth of the time, 5 MB a second.
 */
const MESSAGE_MS = 0.01;
const MESSAGE_MS_PER_BYTE = 0.000_02;

export class HostReader implements Reader {
  readonly #budget: ReadingBudget;
  readonly #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #parts: Iterator<MessagePart, void> | undefined;
  #isHeld = false;
  #isSourcePaused = false;
  #isOver = false;
  #onDrained: (() => void) | undefined;

  constructor(private readonly options: HostReaderOptions) {
    const { budgets, hostId } = options;
    this.#budget = budgets.open(hostId, { pause: () => this.#hold(), resume: () => this.#release() });
  }

  /** A message has come. */
  push(bytes: Buffer): void {
    if (this.#isOver) return;
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (this.#isFull()) this.#pauseSource();
    this.#schedule();
  }

  /** Nothing more will come: `done` is called when what has come is worked on. */
  finish(done: () => void): void {
    this.#onDrained = done;
    if (this.#isDrained()) done();
  }

  /** What is left is of no interest any more. */
  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#waiting.length = 0;
    this.#parts = undefined;
    this.#budget.close();
  }

  readNext(): 'again' | 'done' {
    if (this.#isOver || this.#isHeld) return 'done';
    const start = performance.now();
    const isNew = this.#parts === undefined;
    const bytes = this.#readPart();
    const overhead = isNew ? MESSAGE_MS + bytes * MESSAGE_MS_PER_BYTE : 0;
    const most = MOST_MS + bytes * MOST_MS_PER_BYTE;
    this.#budget.spend(Math.min(performance.now() - start, most) + overhead);
    return this.#next();
  }

  /** Gives how many bytes were gone through. */
  #readPart(): number {
    let bytes = this.#waiting[0]?.length ?? 0;
    try {
      const message = this.#parts ?? this.#open();
      if (message === undefined) return 0;
      this.#parts = message;
      const { value, done } = message.next();
      bytes = value?.bytes ?? 0;
      if (done === true) this.#parts = undefined;
      else this.options.take(value);
    } catch (error) {
      this.options.fail(error);
    }
    return bytes;
  }

  #open(): Iterator<MessagePart, void> | undefined {
    const bytes = this.#waiting.shift();
    if (bytes === undefined) return undefined;
    this.#waitingBytes -= bytes.length;
    return partsOf(bytes);
  }

  #next(): 'again' | 'done' {
    if (this.#isOver) return 'done';
    if (this.#isDrained()) {
      this.#resumeSource();
      this.#onDrained?.();
      return 'done';
    }
    return this.#isHeld ? 'done' : 'again';
  }

  #isDrained(): boolean {
    return this.#parts === undefined && this.#waiting.length === 0;
  }

  #isFull(): boolean {
    return this.#waiting.length >= MAX_WAITING || this.#waitingBytes >= MAX_WAITING_BYTES;
  }

  #hold(): void {
    this.#isHeld = true;
    this.#pauseSource();
  }

  #release(): void {
    this.#isHeld = false;
    if (this.#isDrained()) this.#resumeSource();
    else this.#schedule();
  }

  #schedule(): void {
    if (!this.#isHeld) this.options.pump.schedule(this);
  }

  #pauseSource(): void {
    if (this.#isSourcePaused) return;
    this.#isSourcePaused = true;
    this.options.source.pause();
  }

  #resumeSource(): void {
    if (!this.#isSourcePaused || this.#isHeld) return;
    this.#isSourcePaused = false;
    this.options.source.resume();
  }
}
