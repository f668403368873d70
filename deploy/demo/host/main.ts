/** The host's side of the demo: runs as root on the demo's host, whether that is a virtual machine or this one. */
import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { hostOrders, type HostEvent, type HostOrders } from '../host-event';
import { startAgent } from './agent-process';
import { run } from './command';
import { makeNamespaces, probeAll } from './network';
import { UndoStack } from './undo-stack';

const BETWEEN_PROBES_MS = 500;

function tell(event: HostEvent): void {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

async function loadModule(file: string, undo: UndoStack): Promise<void> {
  if (isLoaded('nsgate')) {
    throw new Error(
      'the module nsgate is loaded already: this host is in use; unload it first (rmmod nsgate)',
    );
  }
  for (const name of dependencies(file).filter((name) => !isLoaded(name))) {
    await undo.did(
      `module ${name}`,
      () => run('modprobe', name),
      () => run('modprobe', '-r', name),
    );
  }
  await undo.did(
    'module nsgate',
    () => run('insmod', file),
    () => run('rmmod', 'nsgate'),
  );
}

function isLoaded(module: string): boolean {
  return readFileSync('/proc/modules', 'utf8')
    .split('\n')
    .some((line) => line.startsWith(`${module} `));
}

/** Modules that nsgate.ko names as its own needs: insmod, unlike modprobe, does not load them. */
function dependencies(file: string): string[] {
  const found = /\0depends=([^\0]*)\0/.exec(readFileSync(file, 'latin1'));
  return (found?.[1] ?? '').split(',').filter((name) => name !== '');
}

async function setUp(orders: HostOrders, undo: UndoStack): Promise<{ failed: Promise<string> }> {
  await loadModule(orders.module, undo);
  tell({ event: 'step', text: `nsgate.ko is loaded into Linux ${release()}` });
  await makeNamespaces(undo);
  tell({ event: 'step', text: 'namespaces ns1 and ns2 are there' });
  const agent = await startAgent(orders, undo);
  tell({ event: 'step', text: 'the agent is started' });
  return agent;
}

/** Probes, round after round, until `until` settles. */
async function probeUntil(until: Promise<unknown>): Promise<void> {
  const over = new AbortController();
  const stop = (): void => over.abort();
  until.then(stop, stop);
  while (!over.signal.aborted) {
    tell({ event: 'probes', outcomes: await probeAll() });
    await Promise.race([until, delay(BETWEEN_PROBES_MS)]);
  }
}

async function main(): Promise<void> {
  const input = createInterface({ input: process.stdin });
  const lines = input[Symbol.asyncIterator]();
  const first = await lines.next();
  const stopped = Promise.race([lines.next(), new Promise((done) => process.once('SIGTERM', done))]);
  const undo = new UndoStack();
  try {
    const agent = await setUp(hostOrders.parse(JSON.parse(String(first.value))), undo);
    tell({ event: 'ready', kernel: release() });
    const failed = agent.failed.then((reason) => Promise.reject(new Error(reason)));
    await probeUntil(Promise.race([stopped, failed]));
  } catch (error) {
    tell({ event: 'failed', reason: (error as Error).message });
    process.exitCode = 1;
  } finally {
    for (const left of await undo.unwind()) {
      tell({ event: 'failed', reason: `could not clean up: ${left}` });
      process.exitCode = 1;
    }
    input.close();
    process.stdin.destroy();
  }
}

void main();
