/** How HTTP/2 sessions end, where Node 20 does it at the wrong time, or not at all. */
import type { Http2SecureServer, ServerHttp2Session } from 'node:http2';
import type { TLSSocket } from 'node:tls';

/** Has the sessions of a server end between reads, and their connections with them. Gives what is to be called when the server stops. */
export function mendSessionEnds(server: Http2SecureServer): () => void {
  const ended = new EndedSessions();
  // A session begins within the event of its connection. On a Unix socket there is none, and no such fault of writing.
  let connection: TLSSocket | undefined;
  server.prependListener('secureConnection', (socket: TLSSocket) => (connection = socket));
  server.on('session', (session) => {
    endBetweenReads(session);
    if (connection !== undefined) ended.watch(session, connection);
  });
  return () => ended.close();
}

/**
 * Lets a session end when nothing of it is being read. Node ends it from within, for a frame that is wrong or a GOAWAY; what is sent
 * then may have it read the rest of what has come a second time, and its process aborts (`onread->IsFunction()`): whoever can connect
 * could stop the controller.
 */
export function endBetweenReads(session: Pick<ServerHttp2Session, 'destroy'>): void {
  const destroy = session.destroy.bind(session);
  session.destroy = (...how) => void setImmediate(() => destroy(...how));
}

interface Session {
  readonly destroyed: boolean;
}

interface Connection {
  destroy(): void;
  once(event: 'close', listener: () => void): unknown;
}

/** Time enough for Node to do it, and for what is still to be said to leave. */
const LOOK_MS = 5000;

/**
 * Closes the connections of sessions that have ended. Node does so itself, but not where a peer resets the connection while something is
 * written to it: of that write it hears no end, and the session waits for it, with its descriptor and its place at the gate, for ever.
 */
export class EndedSessions {
  readonly #connections = new Map<Session, Connection>();
  /** Those that had ended at the last look. */
  #ended = new Set<Session>();
  readonly #timer: NodeJS.Timeout;

  constructor() {
    this.#timer = setInterval(() => this.#look(), LOOK_MS).unref();
  }

  /** To be told of each session when it begins, with the connection under it. */
  watch(session: Session, connection: Connection): void {
    this.#connections.set(session, connection);
    connection.once('close', () => this.#connections.delete(session));
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const ended = [...this.#connections].filter(([session]) => session.destroyed);
    for (const [session, connection] of ended) if (this.#ended.has(session)) connection.destroy();
    this.#ended = new Set(ended.map(([session]) => session));
  }
}
