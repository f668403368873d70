/** A way to a controller on which, from some moment on, nothing is heard any more, though nobody has closed it. */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { once } from 'node:events';

export class HalfOpenProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(controllerPort: number) {
    this.#server = createServer((near) => {
      const far = connect(controllerPort, '127.0.0.1');
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(from);
        from.pipe(to);
        from.on('error', () => to.destroy());
      }
    });
  }

  async start(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  /** What is open now stays open, and carries nothing. */
  fallSilent(): void {
    for (const socket of this.#sockets) socket.unpipe().pause();
  }

  stop(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}
