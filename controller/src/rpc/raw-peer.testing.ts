/** A peer that speaks TLS and then HTTP/2 frame by frame (RFC 9113), as no client would. */
import { readFileSync } from 'node:fs';
import { connect, type TLSSocket } from 'node:tls';
import type { TlsFiles } from '@nsgate/proto';

export const Frame = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const;
export const END_STREAM = 1;
export const ACK = 1;
export const END_HEADERS = 4;

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const HEADER_BYTES = 9;

export function frame(
  type: number,
  { flags = 0, stream = 0 }: { flags?: number; stream?: number } = {},
  payload: Uint8Array = Buffer.alloc(0),
): Buffer {
  const head = Buffer.alloc(HEADER_BYTES);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** Literals without indexing, without Huffman (RFC 7541, 6.2.2). */
export function headerBlock(fields: readonly (readonly [string, string])[]): Buffer {
  return Buffer.concat(
    fields.flatMap(([name, value]) => [Buffer.from([0]), ...[name, value].flatMap(lengthAndText)]),
  );
}

function lengthAndText(text: string): Buffer[] {
  const bytes = Buffer.from(text);
  const length: number[] = [];
  let rest = bytes.length;
  if (rest < 127) length.push(rest);
  else {
    length.push(127);
    for (rest -= 127; rest >= 128; rest >>= 7) length.push((rest & 127) | 128);
    length.push(rest);
  }
  return [Buffer.from(length), bytes];
}

/** The headers with which a gRPC call of that path begins. */
export function callHeaders(path: string, ...more: (readonly [string, string])[]): Buffer {
  return headerBlock([
    [':method', 'POST'],
    [':scheme', 'https'],
    [':path', path],
    [':authority', 'controller'],
    ['content-type', 'application/grpc'],
    ['te', 'trailers'],
    ...more,
  ]);
}

/** A gRPC message as it stands in DATA frames. */
export function grpcMessage(bytes: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

export class RawPeer {
  /** When the connection has closed, however. */
  readonly closed: Promise<void>;
  /** Of frames that came. */
  readonly received: { type: number; stream: number; payload: Buffer }[] = [];
  #rest = Buffer.alloc(0);

  private constructor(readonly socket: TLSSocket) {
    socket.on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => this.#read(bytes));
    this.closed = new Promise((resolve) => {
      socket.once('close', () => resolve());
    });
  }

  /** `files`: with a certificate; otherwise without one. */
  static connect(port: number, files?: TlsFiles): Promise<RawPeer> {
    const proof = files && { cert: readFileSync(files.cert), key: readFileSync(files.key) };
    return new Promise((resolve, reject) => {
      const socket = connect(
        { port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['h2'], ...proof },
        () => resolve(new RawPeer(socket)),
      );
      socket.once('error', reject);
    });
  }

  /** Begins HTTP/2. */
  begin(): this {
    this.socket.write(PREFACE);
    return this.send(frame(Frame.SETTINGS));
  }

  send(...frames: Buffer[]): this {
    if (!this.socket.destroyed) this.socket.write(Buffer.concat(frames));
    return this;
  }

  /** Sends the same again and again, as fast as the connection takes it, until it is closed; so many at the most. */
  async flood(bytes: (round: number) => Buffer, rounds: number): Promise<void> {
    for (let round = 0; round < rounds && !this.socket.destroyed; round++) {
      if (this.socket.write(bytes(round))) continue;
      await Promise.race([new Promise((resolve) => this.socket.once('drain', resolve)), this.closed]);
    }
  }

  #read(bytes: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    while (this.#rest.length >= HEADER_BYTES) {
      const end = HEADER_BYTES + this.#rest.readUIntBE(0, 3);
      if (this.#rest.length < end) return;
      const type = this.#rest.readUInt8(3);
      const stream = this.#rest.readUInt32BE(5);
      this.received.push({ type, stream, payload: this.#rest.subarray(HEADER_BYTES, end) });
      this.#rest = this.#rest.subarray(end);
    }
  }
}
