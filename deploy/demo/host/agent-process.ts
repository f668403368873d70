/** The demo's agent: the real program, with its state in a folder that goes when the demo does. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { HostOrders } from '../host-event';
import type { UndoStack } from './undo-stack';

const FOLDER = '/run/nsgate-demo';
const STATE_DIR = join(FOLDER, 'state');
const AGENT = resolve(__dirname, '../../../agent/dist/src/main.js');
const PATIENCE_MS = 10_000;

/** A running agent; `failed` settles with the reason if it ends by itself. */
export interface AgentProcess {
  failed: Promise<string>;
}

/** Starts the agent; its log goes to our standard error. */
export async function startAgent(orders: HostOrders, undo: UndoStack): Promise<AgentProcess> {
  const removeFolder = (): Promise<void> => rm(FOLDER, { recursive: true, force: true });
  await undo.did(FOLDER, () => writeToken(orders), removeFolder);
  let child: ChildProcess | undefined;
  const start = (): Promise<void> => {
    child = spawn(process.execPath, [AGENT, ...agentArguments(orders)], {
      stdio: ['ignore', 'inherit', 'inherit'],
      detached: true,
    });
    return Promise.resolve();
  };
  await undo.did('agent', start, () => stop(child));
  return { failed: ending(child) };
}

function agentArguments(orders: HostOrders): string[] {
  return [
    'run',
    ...['--controller', orders.controller],
    ...['--tls-server-name', orders.serverName],
    ...['--host-id', orders.hostId],
    ...['--label', 'role=demo'],
    ...['--state-dir', STATE_DIR],
  ];
}

/** Where the agent looks for it: in a file, since everybody can read command lines. */
async function writeToken({ token }: HostOrders): Promise<void> {
  await mkdir(STATE_DIR, { recursive: true, mode: 0o700 });
  await writeFile(join(STATE_DIR, 'enroll-token'), token, { mode: 0o600 });
}

async function ending(child: ChildProcess | undefined): Promise<string> {
  if (child === undefined) return 'the agent was not started';
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  return `the agent ended by itself (${signal ?? `exit status ${code ?? '?'}`}); see its log`;
}

async function stop(child: ChildProcess | undefined): Promise<void> {
  if (child?.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const killer = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
  await exited;
  clearTimeout(killer);
}
