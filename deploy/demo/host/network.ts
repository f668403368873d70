/**
 * The demo's namespaces, each joined to the host's own namespace by a veth pair:
 *
 *   host  nsgdemo1 198.18.1.1/30 ──── nsgpeer1 198.18.1.2/30  ns1
 *         nsgdemo2 198.18.2.1/30 ──── nsgpeer2 198.18.2.2/30  ns2     (198.18.0.0/15: RFC 2544)
 */
import { connect } from 'node:net';
import type { Outcome, Probe } from '../host-event';
import { run, succeeds } from './command';
import type { UndoStack } from './undo-stack';

const NUMBERS = [1, 2];
const CLOSED_PORT = 9;
const TCP_PATIENCE_MS = 1000;

/** Makes ns1 and ns2; an Error says which of them is there already. */
export async function makeNamespaces(undo: UndoStack): Promise<void> {
  for (const number of NUMBERS) {
    const name = `ns${number}`;
    const add = (): Promise<string> => run('ip', 'netns', 'add', name);
    const remove = (): Promise<string> => run('ip', 'netns', 'delete', name);
    await undo.did(`namespace ${name}`, add, remove);
    await undo.did(
      `veth pair of ${name}`,
      () => join(number),
      () => run('ip', 'link', 'delete', `nsgdemo${number}`),
    );
  }
}

async function join(number: number): Promise<void> {
  const [ns, here, there] = [`ns${number}`, `nsgdemo${number}`, `nsgpeer${number}`];
  await run('ip', 'link', 'add', here, 'type', 'veth', 'peer', 'name', there, 'netns', ns);
  await run('ip', 'address', 'add', `198.18.${number}.1/30`, 'dev', here);
  await run('ip', 'link', 'set', here, 'up');
  await run('ip', '-n', ns, 'address', 'add', `198.18.${number}.2/30`, 'dev', there);
  await run('ip', '-n', ns, 'link', 'set', 'lo', 'up');
  await run('ip', '-n', ns, 'link', 'set', there, 'up');
}

/** One round of all probes, at once. */
export async function probeAll(): Promise<Record<Probe, Outcome>> {
  const [ns1, ns2, host, tcp] = await Promise.all([
    succeeds(...ping('198.18.1.2')),
    succeeds(...ping('198.18.2.2')),
    succeeds('ip', 'netns', 'exec', 'ns2', ...ping('198.18.2.1')),
    answersTcp('198.18.1.2'),
  ]);
  const outcome = (passed: boolean): Outcome => (passed ? 'passes' : 'fails');
  return {
    'ping-ns1': outcome(ns1),
    'ping-ns2': outcome(ns2),
    'ping-host': outcome(host),
    'tcp-ns1': outcome(tcp),
  };
}

function ping(address: string): [string, ...string[]] {
  return ['ping', '-n', '-q', '-c', '1', '-W', '1', address];
}

/** Whether a TCP segment reaches the address and an answer comes back: a refusal of a closed port is one. */
function answersTcp(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port: CLOSED_PORT, timeout: TCP_PATIENCE_MS });
    const settle = (answered: boolean): void => {
      socket.destroy();
      resolve(answered);
    };
    socket.once('connect', () => settle(true));
    socket.once('timeout', () => settle(false));
    socket.once('error', (error: NodeJS.ErrnoException) => settle(error.code === 'ECONNREFUSED'));
  });
}
