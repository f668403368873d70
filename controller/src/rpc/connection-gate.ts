/**
 * Which connections are taken at all, before a byte of them is read: so many at a time, so many a second, and so many that have not shaken
 * hands yet, of each address.
 */
import type { Socket } from 'node:net';
import { peerAddress } from './peer-identity';
import { TokenBuckets } from './token-buckets';

export interface ConnectionLimits {
  /** Open at a time, of all addresses. */
  readonly total: number;
  /** Open at a time, of one address: many agents may stand behind one. */
  readonly perAddress: number;
  /** New ones a second, of one address. */
  readonly ratePerAddress: number;
  /** How many may come at once. */
  readonly burstPerAddress: number;
  /** Handshakes of one address that have begun and not ended; one more, and the oldest is cut. */
  readonly handshakesPerAddress: number;
}

export const CONNECTION_LIMITS: ConnectionLimits = {
  total: 32_768,
  perAddress: 4096,
  ratePerAddress: 50,
  burstPerAddress: 500,
  handshakesPerAddress: 64,
};

interface Address {
  open: number;
  /** By peer, the oldest first. */
  readonly shaking: Map<string, Socket>;
}

export class ConnectionGate {
  readonly #addresses = new Map<string, Address>();
  readonly #rates: TokenBuckets;
  #open = 0;
  #refused = 0;

  constructor(
    private readonly limits: ConnectionLimits = CONNECTION_LIMITS,
    now?: () => number,
  ) {
    this.#rates = new TokenBuckets({ burst: limits.burstPerAddress, perSecond: limits.ratePerAddress }, now);
  }

  /** How many were refused so far. */
  get refused(): number {
    return this.#refused;
  }

  /** Whether the connection is taken; it is counted until it closes. One that is not is to be destroyed. */
  admit(socket: Socket): boolean {
    const peer = peerOf(socket);
    const key = peerAddress(peer);
    const address = this.#addresses.get(key) ?? { open: 0, shaking: new Map<string, Socket>() };
    const { total, perAddress } = this.limits;
    if (this.#open >= total || address.open >= perAddress || !this.#rates.take(key)) {
      this.#refused += 1;
      return false;
    }
    this.#addresses.set(key, address);
    address.open += 1;
    this.#open += 1;
    this.#beginHandshake(address, peer, socket);
    socket.once('close', () => {
      address.shaking.delete(peer);
      address.open -= 1;
      this.#open -= 1;
      if (address.open === 0) this.#addresses.delete(key);
    });
    return true;
  }

  /** The connection has shaken hands. */
  established(socket: Pick<Socket, 'remoteAddress' | 'remotePort'>): void {
    const peer = peerOf(socket);
    this.#addresses.get(peerAddress(peer))?.shaking.delete(peer);
  }

  /** Who says nothing keeps nobody out: he is the one that has to go. */
  #beginHandshake({ shaking }: Address, peer: string, socket: Socket): void {
    const [oldest] = shaking.values();
    if (shaking.size >= this.limits.handshakesPerAddress) oldest?.destroy();
    shaking.set(peer, socket);
  }
}

function peerOf({
  remoteAddress = '',
  remotePort = 0,
}: Pick<Socket, 'remoteAddress' | 'remotePort'>): string {
  return `${remoteAddress}:${remotePort}`;
}
