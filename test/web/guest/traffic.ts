/** Traffic as a busy host has it, into namespaces: lookups of names, web pages, and now and then somebody who tries other ports. */
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import type { Namespace } from '../../e2e/harness/namespace';

const EVERY_MS = 250;
const WAVE_MS = 90_000;
const LOOKUP_PORT = 53;
const WEB_PORTS = [80, 443];
const SCANNED_PORTS = [161, 123, 5060];
const TELNET_PORT = 23;
const PATIENCE_MS = 500;

export class Traffic {
  readonly #udp4 = createSocket('udp4');
  readonly #udp6 = createSocket('udp6');
  readonly #timer: NodeJS.Timeout;
  #round = 0;

  constructor(private readonly namespaces: readonly Namespace[]) {
    this.#timer = setInterval(() => this.#sendRound(), EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#udp4.close();
    this.#udp6.close();
  }

  /** Each namespace has its own tide. */
  #sendRound(): void {
    this.#round += 1;
    this.namespaces.forEach((namespace, i) => {
      const wave = Math.sin((2 * Math.PI * (Date.now() + i * 13_000)) / WAVE_MS);
      this.#lookUp(namespace, Math.round(1.5 + 1.5 * wave));
      const turn = this.#round + i;
      if (turn % 2 === 0) touch(namespace.address, WEB_PORTS[(turn / 2) % WEB_PORTS.length]);
      if (turn % 2 === 1) this.#scan(namespace, SCANNED_PORTS[turn % SCANNED_PORTS.length]);
      if (turn % 5 === 0) touch(namespace.address, TELNET_PORT);
    });
  }

  #lookUp({ address, address6 }: Namespace, count: number): void {
    for (let i = 0; i < count; i++) this.#udp4.send('lookup', LOOKUP_PORT, address);
    this.#udp6.send('lookup', LOOKUP_PORT, address6);
  }

  #scan({ address, address6 }: Namespace, port = 161): void {
    if (this.#round % 2 === 0) this.#udp4.send('anybody?', port, address);
    else this.#udp6.send('anybody?', port, address6);
  }
}

/** Opens a connection, which is refused: nobody listens. */
function touch(host: string, port = 80): void {
  const socket = connect({ host, port, timeout: PATIENCE_MS });
  const end = (): void => void socket.destroy();
  socket.once('connect', end).once('timeout', end).once('error', end);
}
