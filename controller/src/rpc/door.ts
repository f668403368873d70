/**
 * Lets TCP connections in to grpc-js: counted before the work of a handshake, and a few at a time, so that a storm of them delays
 * nobody who is in already.
 */
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { ConnectionGate } from './connection-gate';

/** Connections that begin their handshake in one turn of the event loop, at about a millisecond each. */
const A_TURN = 1;

export class Door {
  readonly #server: Server;
  readonly #waiting: Socket[] = [];

  constructor(
    private readonly gate: ConnectionGate,
    private readonly letIn: (socket: Socket) => void,
  ) {
    this.#server = createServer((socket) => this.#take(socket));
  }

  /** Gives the port; an Error says why it cannot be opened. */
  open(host: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ host, port, noDelay: true }, () => {
        resolve((this.#server.address() as AddressInfo).port);
      });
    });
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#waiting.splice(0)) socket.destroy();
  }

  #take(socket: Socket): void {
    // What is wrong with it shows as its end.
    socket.on('error', () => undefined);
    if (!this.gate.admit(socket)) {
      socket.destroy();
      return;
    }
    this.#waiting.push(socket);
    if (this.#waiting.length === 1) setImmediate(() => this.#letSomeIn());
  }

  #letSomeIn(): void {
    for (const socket of this.#waiting.splice(0, A_TURN)) if (!socket.destroyed) this.letIn(socket);
    if (this.#waiting.length > 0) setImmediate(() => this.#letSomeIn());
  }
}
