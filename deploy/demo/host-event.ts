/** What the demo's host tells the operator's side: one JSON object a line, on standard output. */
import { z } from 'zod';

/** Traffic that the demo makes, and whether it got through. */
export const PROBES = ['ping-ns1', 'ping-ns2', 'ping-host', 'tcp-ns1'] as const;
export type Probe = (typeof PROBES)[number];

const outcome = z.enum(['passes', 'fails']);
export type Outcome = z.infer<typeof outcome>;

const hostEvent = z.discriminatedUnion('event', [
  /** A step is done: the module is loaded, a namespace made, the agent started. */
  z.object({ event: z.literal('step'), text: z.string() }),
  /** All steps are done; probes follow. */
  z.object({ event: z.literal('ready'), kernel: z.string() }),
  /** One round of probes. */
  z.object({ event: z.literal('probes'), outcomes: z.record(z.enum(PROBES), outcome) }),
  /** The host cannot go on, and why. */
  z.object({ event: z.literal('failed'), reason: z.string() }),
]);
export type HostEvent = z.infer<typeof hostEvent>;

/** Reads one line; an Error quotes what is no event. */
export function parseHostEvent(line: string): HostEvent {
  try {
    return hostEvent.parse(JSON.parse(line));
  } catch (error) {
    throw new Error(`the host said what is no event: ${line.slice(0, 200)}`, { cause: error });
  }
}

/** What the operator's side tells the host, as the first line of its standard input. End of input means: clean up. */
export const hostOrders = z.object({
  /** host:port at which the host reaches the controller. */
  controller: z.string(),
  /** Name to expect in the controller's certificate. */
  serverName: z.string(),
  /** Path of the kernel module to load. */
  module: z.string(),
  /** The host's id. */
  hostId: z.string(),
  /** By which the agent gets the host's certificate. */
  token: z.string(),
});
export type HostOrders = z.infer<typeof hostOrders>;
