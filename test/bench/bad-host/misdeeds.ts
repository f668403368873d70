/** What bad hosts do, by name; each goes on until it is told to stop. */
import { connect, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import { setTimeout } from 'node:timers/promises';
import { floods, hello } from './messages';

export const MISDEEDS = [
  'statistics',
  'large messages',
  'small messages',
  'reconnecting',
  'handshakes',
  'not reading',
  'all at once',
] as const;
export type Misdeed = (typeof MISDEEDS)[number];

export interface Target {
  readonly url: string;
  /** PEM. */
  readonly proof: { readonly ca: Buffer; readonly cert: Buffer; readonly key: Buffer };
}

const STORM_PER_SECOND = 100;
const STREAM_MS = 500;
const NOT_READING_STREAMS = 8;

/** Does one of them until `signal` is aborted, and counts what it got through. */
export class BadHost {
  bytes = 0;
  connections = 0;
  readonly #floods = floods();

  constructor(
    private readonly target: Target,
    private readonly signal: AbortSignal,
  ) {}

  async do(misdeed: Misdeed): Promise<void> {
    switch (misdeed) {
      case 'statistics':
        return this.#flood([this.#floods.statistics]);
      case 'large messages':
        return this.#flood([this.#floods.largeStatistics, this.#floods.largeReport, this.#floods.oneEntry]);
      case 'small messages':
        return this.#flood([this.#floods.acks, this.#floods.empty]);
      case 'reconnecting':
        return this.#storm((session) => this.#open(session).write(hello()));
      case 'handshakes':
        return this.#storm(() => undefined);
      case 'not reading':
        return this.#readNothing();
      case 'all at once':
        await Promise.all([
          this.#flood(Object.values(this.#floods)),
          this.#storm((session) => this.#open(session).write(hello())),
          this.#readNothing(),
        ]);
    }
  }

  /** Streams with more to say than is read, one after the other. */
  async #flood(messages: readonly Buffer[]): Promise<void> {
    while (!this.signal.aborted) {
      const session = this.#connect();
      const stream = this.#open(session).pause();
      stream.write(hello());
      await this.#say(stream, messages);
      session.destroy();
    }
  }

  async #say(stream: ClientHttp2Stream, messages: readonly Buffer[]): Promise<void> {
    const end = Date.now() + STREAM_MS;
    for (let turn = 0; !this.signal.aborted && !stream.destroyed && Date.now() < end; turn++) {
      const message = messages[turn % messages.length] ?? Buffer.alloc(0);
      // What is not read yet fills the connection's window; more would fill this process alone.
      if (stream.writableLength < 1 << 20) stream.write(message, () => (this.bytes += message.length));
      await setTimeout(5);
    }
  }

  async #storm(say: (session: ClientHttp2Session) => unknown): Promise<void> {
    while (!this.signal.aborted) {
      const session = this.#connect();
      session.once('connect', () => {
        say(session);
        globalThis.setTimeout(() => session.destroy(), 20);
      });
      await setTimeout(1000 / STORM_PER_SECOND);
    }
  }

  /** Comes back whenever it is cut. */
  async #readNothing(): Promise<void> {
    const sessions: ClientHttp2Session[] = [];
    while (!this.signal.aborted) {
      const open = sessions.filter((session) => !session.destroyed).length;
      for (let i = open; i < NOT_READING_STREAMS; i++) {
        const session = this.#connect();
        this.#open(session).pause().write(hello());
        sessions.push(session);
      }
      await setTimeout(100);
    }
    for (const session of sessions) session.destroy();
  }

  #open(session: ClientHttp2Session): ClientHttp2Stream {
    return session.request(HEADERS, { endStream: false }).on('error', () => undefined);
  }

  #connect(): ClientHttp2Session {
    // It does not read: what the controller says waits for ever.
    const session = connect(this.target.url, { ...this.target.proof, settings: { initialWindowSize: 0 } });
    session.once('connect', () => (this.connections += 1));
    return session.on('error', () => undefined);
  }
}

const HEADERS = {
  ':method': 'POST',
  ':path': '/nsgate.v1.AgentStreamService/Connect',
  'content-type': 'application/grpc',
  te: 'trailers',
};
