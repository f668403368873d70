/** Which connections are taken at all, before a byte of them is read: so many at a time, and so many a second, of each address. */
import type { Socket } from 'node:net';
import { peerAddress } from './peer-identity';

export interface ConnectionLimits {
  /** Open at a time, of all addresses. */
  readonly total: number;
  /** Open at a time, of one address: many agents may stand behind one. */
  readonly perAddress: number;
  /** New ones a second, of one address. */
  readonly ratePerAddress: number;
  /** How many may come at once. */
  readonly burstPerAddress: number;
}

export const CONNECTION_LIMITS: ConnectionLimits = {
  total: 32_768,
  perAddress: 4096,
  ratePerAddress: 50,
  burstPerAddress: 500,
};

interface Address {
  open: number;
  tokens: number;
  at: number;
}

export class ConnectionGate {
  readonly #addresses = new Map<string, Address>();
  #open = 0;
  #refused = 0;

  constructor(
    private readonly limits: ConnectionLimits = CONNECTION_LIMITS,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** How many were refused so far. */
  get refused(): number {
    return this.#refused;
  }

  /** Whether the connection is taken; it is counted until it closes. One that is not is to be destroyed. */
  admit(socket: Socket): boolean {
    const key = peerAddress(`${socket.remoteAddress ?? ''}:0`);
    const address = this.#addressOf(key);
    const { total, perAddress } = this.limits;
    if (this.#open >= total || address.open >= perAddress || address.tokens < 1) {
      this.#refused += 1;
      this.#forgetIfIdle(key, address);
      return false;
    }
    address.tokens -= 1;
    address.open += 1;
    this.#open += 1;
    socket.once('close', () => {
      address.open -= 1;
      this.#open -= 1;
      this.#forgetIfIdle(key, address);
    });
    return true;
  }

  #addressOf(key: string): Address {
    const { ratePerAddress, burstPerAddress } = this.limits;
    const now = this.now();
    const address = this.#addresses.get(key) ?? { open: 0, tokens: burstPerAddress, at: now };
    address.tokens = Math.min(burstPerAddress, address.tokens + ((now - address.at) / 1000) * ratePerAddress);
    address.at = now;
    this.#addresses.set(key, address);
    return address;
  }

  /** An address is remembered while it has something open or has used up much of its burst. */
  #forgetIfIdle(key: string, address: Address): void {
    if (address.open > 0 || address.tokens < this.limits.burstPerAddress / 2) return;
    if (this.#addresses.get(key) === address) this.#addresses.delete(key);
  }
}
