/** Datagrams in exact numbers. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';

/** A sender whose every datagram is one packet on the wire. */
export class DatagramSender {
  readonly #socket: Socket = createSocket('udp4');
  sent = 0n;

  constructor(private readonly to: { address: string; port: number }) {}

  /** One after the other; a kernel that has no room for one says so, and is asked again. */
  async send(count: number): Promise<void> {
    for (let i = 0; i < count; i++) await this.#sendOne();
  }

  /** A hundred a second at most, until `stop` resolves: what is tested needs the processor, too. */
  async sendUntil(stop: Promise<unknown>): Promise<void> {
    const state = { isOver: false };
    const over = (): void => void (state.isOver = true);
    stop.then(over, over);
    while (!state.isOver) {
      await this.#sendOne();
      await setTimeout(10);
    }
  }

  async close(): Promise<void> {
    this.#socket.close();
    await once(this.#socket, 'close');
  }

  #sendOne(): Promise<void> {
    const { address, port } = this.to;
    return new Promise((resolve, reject) => {
      this.#socket.send('nsgate', port, address, (error) => {
        if (error !== null) {
          reject(error);
          return;
        }
        this.sent += 1n;
        resolve();
      });
    });
  }
}
