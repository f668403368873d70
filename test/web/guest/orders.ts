/** What the tests of the web page tell the host in the virtual machine, and hear from it: one JSON object a line. */

/** The first line. End of input means: stop. */
export interface HostOrders {
  /** host:port at which the guest reaches the controller, and the name in its certificate. */
  readonly controller: string;
  readonly serverName: string;
  readonly hostId: string;
  /** By which the agent enrols. */
  readonly token: string;
  /** Namespaces to make. */
  readonly namespaces: readonly string[];
  /** Whether traffic runs through them all the time. */
  readonly traffic: boolean;
}

/** Every further line: UDP packets to a namespace, so many and no more. */
export interface SendOrder {
  readonly to: string;
  readonly family: 4 | 6;
  readonly port: number;
  readonly count: number;
}

/** `ready` when the agent is started; `sent` when an order is done. */
export type HostNews = { readonly event: 'ready' } | { readonly event: 'sent'; readonly count: number };
