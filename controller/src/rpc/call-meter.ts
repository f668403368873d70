/** How many calls one caller may have open at a time, over all of his connections: streams, and calls that are not answered yet. */
import { status } from '@grpc/grpc-js';
import { RpcError } from '@nsgate/proto';
import { principalName, type Principal } from '../identity/principal';

export interface CallLimits {
  /** Of one operator. */
  readonly perOperator: number;
  /** Of one host: its stream, the one that replaces it, and renewals. */
  readonly perHost: number;
  /** Of one address that has not proved who it is: a request waits in memory until it is whole. */
  readonly perStranger: number;
  /** Of all who have not. */
  readonly strangers: number;
}

export const CALL_LIMITS: CallLimits = { perOperator: 128, perHost: 16, perStranger: 4, strangers: 32 };

const STRANGERS = 'callers who have not proved who they are';

export class CallMeter {
  readonly #open = new Map<string, number>();

  constructor(private readonly limits: CallLimits = CALL_LIMITS) {}

  /** Counts a call in; gives what counts it out. RESOURCE_EXHAUSTED for one too many. `address`: of the peer. */
  open(principal: Principal, address: string): () => void {
    const { perOperator, perHost, perStranger, strangers } = this.limits;
    if (principal.kind === 'anonymous') {
      const leaveAll = this.#count(STRANGERS, strangers);
      const leave = this.#countOr(leaveAll, address, perStranger);
      return () => {
        leave();
        leaveAll();
      };
    }
    return this.#count(principalName(principal), principal.kind === 'host' ? perHost : perOperator);
  }

  #countOr(undo: () => void, key: string, most: number): () => void {
    try {
      return this.#count(key, most);
    } catch (error) {
      undo();
      throw error;
    }
  }

  #count(key: string, most: number): () => void {
    const count = this.#open.get(key) ?? 0;
    if (count >= most) {
      throw new RpcError(
        status.RESOURCE_EXHAUSTED,
        `${key}: ${most} calls are open, which is all that may be`,
      );
    }
    this.#open.set(key, count + 1);
    return () => {
      const left = (this.#open.get(key) ?? 1) - 1;
      if (left === 0) this.#open.delete(key);
      else this.#open.set(key, left);
    };
  }
}
