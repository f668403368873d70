/**
 * Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html) to one viewer.
 *
 * Nothing is buffered here: `send` resolves when the viewer has taken the event as far as flow control tells, and who makes the
 * events makes the next one then. So a slow viewer is sent fewer and newer ones by the services, which tell what was missed.
 */
import { once } from 'node:events';
import type { Http2ServerResponse } from 'node:http2';

const BEAT_MS = 15_000;
/** Who takes nothing for so long while something waits is cut. */
const PATIENCE_MS = 60_000;

export interface ServerEvent {
  readonly id?: string | undefined;
  readonly event?: string;
  /** For JSON.stringify. */
  readonly data: unknown;
}

export class EventStream {
  readonly #beat: NodeJS.Timeout;
  #waiting = false;

  constructor(
    private readonly response: Http2ServerResponse,
    private readonly signal: AbortSignal,
    private readonly patienceMs = PATIENCE_MS,
  ) {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.write(': nsgate\n\n');
    this.#beat = setInterval(() => {
      if (!this.#waiting && !response.writableEnded) response.write(': beat\n\n');
    }, BEAT_MS);
    signal.addEventListener('abort', () => clearInterval(this.#beat), { once: true });
  }

  async send({ id, event, data }: ServerEvent): Promise<void> {
    if (this.signal.aborted) return;
    const head = (id === undefined ? '' : `id: ${id}\n`) + (event === undefined ? '' : `event: ${event}\n`);
    if (this.response.write(`${head}data: ${JSON.stringify(data)}\n\n`)) return;
    await this.#drained();
  }

  /** Tells why the stream ends, also when the signal was given. */
  fail(data: unknown): void {
    if (!this.response.writableEnded)
      this.response.write(`event: failure\ndata: ${JSON.stringify(data)}\n\n`);
  }

  end(): void {
    clearInterval(this.#beat);
    this.response.end();
  }

  async #drained(): Promise<void> {
    this.#waiting = true;
    const given = AbortSignal.any([this.signal, AbortSignal.timeout(this.patienceMs)]);
    try {
      await once(this.response, 'drain', { signal: given });
    } catch (error) {
      if (!given.aborted) throw error;
      if (!this.signal.aborted) this.response.destroy();
    } finally {
      this.#waiting = false;
    }
  }
}
