/** Says a conversation to a controller over a connection of its own. */
import { connect as connectTcp, type Socket } from 'node:net';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { connect as connectTls, type SecureContext } from 'node:tls';
import type { Conversation } from './conversation';

export interface Spoken {
  readonly port: number;
  readonly socket: string;
  /** Of those who come with a certificate. */
  readonly context: SecureContext | undefined;
}

/** How long the controller is given to answer, or to cut who deserves it. */
const ANSWER_MS = 15;
const LINGER_MS = 150;
const CONNECT_MS = 10_000;

/** Resolves when the connection has closed. That the controller cuts it is its right: nothing that happens to it is a fault. */
export async function speak(conversation: Conversation, to: Spoken): Promise<void> {
  const { raw, connection } = open(conversation, to);
  raw.on('error', () => undefined);
  connection.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => void raw.once('close', () => resolve()));
  const isOpen = await Promise.race([ready(connection), closed.then(() => false)]);
  if (isOpen) await say(conversation, connection);
  if (isOpen) await end(conversation, connection, closed);
  connection.destroy();
  raw.destroy();
  await closed;
}

function open({ guise, number, protocol }: Conversation, to: Spoken): { raw: Socket; connection: Socket } {
  if (guise === 'socket') {
    const raw = connectTcp(to.socket);
    return { raw, connection: raw };
  }
  // An address of its own, of which the whole of 127.0.0.0/8 is ours: what is bounded by address is not used up by all together.
  const raw = connectTcp({ port: to.port, host: '127.0.0.1', localAddress: `127.0.1.${number + 1}` });
  if (guise === 'no-tls') return { raw, connection: raw };
  const connection = connectTls({
    socket: raw,
    rejectUnauthorized: false,
    ...(protocol === undefined ? {} : { ALPNProtocols: [protocol] }),
    ...(to.context && { secureContext: to.context }),
  });
  return { raw, connection };
}

function ready(connection: Socket): Promise<boolean> {
  const event = 'encrypted' in connection ? 'secureConnect' : 'connect';
  return Promise.race([
    new Promise<boolean>((resolve) => void connection.once(event, () => resolve(true))),
    setTimeout(CONNECT_MS, false, { ref: false }),
  ]);
}

async function say({ parts, reads }: Conversation, connection: Socket): Promise<void> {
  if (reads) connection.resume();
  for (const part of parts) {
    if (connection.destroyed) return;
    connection.write(part);
    await setImmediate();
  }
}

async function end({ ending }: Conversation, connection: Socket, closed: Promise<void>): Promise<void> {
  if (ending === 'half-close') connection.end();
  if (ending === 'destroy') return;
  const ms = ending === 'linger' ? LINGER_MS : ANSWER_MS;
  await Promise.race([closed, setTimeout(ms, undefined, { ref: false })]);
}
