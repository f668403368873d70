/**
 * A host that does all that it can to slow the others, as a process of its own, from `on` until `off`: it says more than can be taken
 * in, in messages from small to the largest that are allowed; reads nothing of what it is sent; and comes back at once, by many
 * connections, whenever it is cut.
 */
import { readFileSync } from 'node:fs';
import { connect, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import { setTimeout } from 'node:timers/promises';
import { ConnectRequest, Hello, StatsReport, type TlsFiles } from '@nsgate/proto';

const CONNECTIONS_A_SECOND = 100;
/** Rows of counters in a message, of some 17 bytes each. */
const ROWS = [1000, 20_000, 230_000];
const STREAM_MS = 500;

type Message = NonNullable<ConnectRequest['message']>;

function grpc(message: Message): Buffer {
  const bytes = Buffer.from(ConnectRequest.encode({ message }).finish());
  const head = Buffer.alloc(5);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

function stats(rows: number): Buffer {
  const column = <T>(value: T): T[] => Array<T>(rows).fill(value);
  const binding = {
    ...{ namespace: 'tenant-1', epoch: 1n, ruleKeys: Array.from({ length: rows }, (_, i) => BigInt(i) + 1n) },
    ...{
      packets: column(123_456n),
      bytes: column(123_456_789n),
      shadowPackets: column(0n),
      idleMs: column(0n),
    },
  };
  return grpc({ $case: 'stats', value: StatsReport.fromPartial({ bindings: [binding] }) });
}

class BadHost {
  #on = false;
  readonly #floods = ROWS.map(stats);
  readonly #hello = grpc({
    $case: 'hello',
    value: Hello.fromPartial({ hostId: 'bad', bootId: 'b', labels: { site: 'bench' } }),
  });

  constructor(
    private readonly port: number,
    private readonly files: TlsFiles,
  ) {}

  set(on: boolean): void {
    if (on && !this.#on) {
      this.#on = true;
      void this.#flood();
      void this.#storm();
    }
    this.#on = on;
  }

  /** Streams with more to say than is read, one after the other. */
  async #flood(): Promise<void> {
    while (this.#on) {
      const session = this.#connect();
      const stream = session.request(HEADERS, { endStream: false });
      stream.on('error', () => undefined).pause();
      stream.write(this.#hello);
      await this.#say(stream);
      session.destroy();
    }
  }

  async #say(stream: ClientHttp2Stream): Promise<void> {
    const end = Date.now() + STREAM_MS;
    for (let turn = 0; this.#on && !stream.destroyed && Date.now() < end; turn++) {
      // What is not read yet fills the connection's window; more would fill this process alone.
      if (stream.writableLength < 1 << 20) stream.write(this.#floods[turn % this.#floods.length]);
      await setTimeout(5);
    }
  }

  async #storm(): Promise<void> {
    while (this.#on) {
      const session = this.#connect();
      session.once('connect', () => {
        session
          .request(HEADERS, { endStream: false })
          .on('error', () => undefined)
          .write(this.#hello);
        globalThis.setTimeout(() => session.destroy(), 20);
      });
      await setTimeout(1000 / CONNECTIONS_A_SECOND);
    }
  }

  #connect(): ClientHttp2Session {
    const { cert, key, ca } = this.files;
    const [proof, own, secret] = [ca, cert, key].map((path) => readFileSync(path));
    const session = connect(`https://127.0.0.1:${this.port}`, {
      ...{ ca: proof, cert: own, key: secret },
      // It does not read: 64 KiB, and the controller has to wait.
      settings: { initialWindowSize: 0 },
    });
    return session.on('error', () => undefined);
  }
}

const HEADERS = {
  ':method': 'POST',
  ':path': '/nsgate.v1.AgentStreamService/Connect',
  'content-type': 'application/grpc',
  te: 'trailers',
};

const [port = '', cert = '', key = '', ca = ''] = process.argv.slice(2);
const host = new BadHost(Number(port), { cert, key, ca });
process.on('message', (message) => host.set(message === 'on'));
process.on('disconnect', () => process.exit(0));
