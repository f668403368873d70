/** A streaming method, held open: reconnects with backoff, and resumes where the stream says that it can. */
import { ApiError, refusal } from './api-error';
import { methodUrl } from './call';
import { EventParser, type StreamEvent } from './event-parser';

/** `live`: what is shown is as it stands. `stale`: it stands as it was when the stream broke. `refused`: it will not come back by itself. */
export type StreamState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  | { readonly kind: 'stale'; readonly since: number; readonly error: ApiError }
  | { readonly kind: 'refused'; readonly error: ApiError };

export interface StreamHandlers<Message> {
  /** A stream begins; unless it is resumed, what follows is a snapshot that replaces everything. */
  onOpen(resumed: boolean): void;
  onMessage(message: Message): void;
  onState(state: StreamState): void;
}

/** The controller sends something at least every 15 s. */
const SILENCE_MS = 40_000;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;
/** With these, asking again gives the same. */
const FINAL_CODES = new Set([
  'INVALID_ARGUMENT',
  'UNIMPLEMENTED',
  'NOT_FOUND',
  'PERMISSION_DENIED',
  'UNAUTHENTICATED',
]);

export class LiveStream<Message> {
  readonly #end = new AbortController();
  #lastId: string | undefined;
  #wait = FIRST_WAIT_MS;
  #staleSince: number | undefined;
  #wake: (() => void) | undefined;

  constructor(
    private readonly url: string,
    private readonly handlers: StreamHandlers<Message>,
  ) {
    window.addEventListener('online', this.#hurry);
    void this.#run();
  }

  close(): void {
    window.removeEventListener('online', this.#hurry);
    this.#end.abort();
    this.#hurry();
  }

  readonly #hurry = (): void => this.#wake?.();

  async #run(): Promise<void> {
    this.handlers.onState({ kind: 'connecting' });
    while (!this.#end.signal.aborted) {
      const error = await this.#once();
      if (this.#isClosed()) return;
      if (FINAL_CODES.has(error.code)) {
        this.handlers.onState({ kind: 'refused', error });
        return;
      }
      this.#staleSince ??= Date.now();
      this.handlers.onState({ kind: 'stale', since: this.#staleSince, error });
      await this.#pause();
    }
  }

  #isClosed(): boolean {
    return this.#end.signal.aborted;
  }

  /** Reads one connection to its end, and gives why it ended. */
  async #once(): Promise<ApiError> {
    const cut = new AbortController();
    const signal = AbortSignal.any([cut.signal, this.#end.signal]);
    let silence = setTimeout(() => cut.abort(), SILENCE_MS);
    try {
      const headers: HeadersInit = this.#lastId === undefined ? {} : { 'last-event-id': this.#lastId };
      const response = await fetch(this.url, { headers, signal });
      if (!response.ok || response.body === null) return await refusal(response);
      const parser = new EventParser();
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let read = await reader.read(); !read.done; read = await reader.read()) {
        clearTimeout(silence);
        silence = setTimeout(() => cut.abort(), SILENCE_MS);
        for (const event of parser.push(read.value)) {
          const failure = this.#take(event);
          if (failure !== undefined) return failure;
        }
      }
      return ApiError.offline();
    } catch {
      return ApiError.offline();
    } finally {
      clearTimeout(silence);
      cut.abort();
    }
  }

  #take({ event, id, data }: StreamEvent): ApiError | undefined {
    const value: unknown = JSON.parse(data);
    if (event === 'failure') return ApiError.fromBody(value);
    if (event === 'open') {
      this.#wait = FIRST_WAIT_MS;
      this.#staleSince = undefined;
      this.handlers.onOpen((value as { resumed: boolean }).resumed);
      this.handlers.onState({ kind: 'live' });
      return undefined;
    }
    if (id !== undefined) this.#lastId = id;
    this.handlers.onMessage(value as Message);
    return undefined;
  }

  /** With jitter, so that many pages do not come back at once. */
  async #pause(): Promise<void> {
    const ms = this.#wait * (0.5 + Math.random() / 2);
    this.#wait = Math.min(LONGEST_WAIT_MS, this.#wait * 2);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

export function openStream<Message>(
  method: string,
  request: object,
  handlers: StreamHandlers<Message>,
): LiveStream<Message> {
  return new LiveStream(methodUrl(method, request), handlers);
}
