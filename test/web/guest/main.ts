/** The host behind the web page's tests: runs as root in the virtual machine, with the real module and agent, and makes real traffic. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { createSocket, type Socket } from 'node:dgram';
import { createInterface } from 'node:readline';
import { loadModule } from '../../e2e/harness/kernel-module';
import { Namespace } from '../../e2e/harness/namespace';
import { Program } from '../../e2e/harness/program';
import type { HostNews, HostOrders, SendOrder } from './orders';
import { Traffic } from './traffic';

const STATE_DIR = '/run/nsgate-web-test';

function tell(news: HostNews): void {
  process.stdout.write(`${JSON.stringify(news)}\n`);
}

function startAgent({ controller, serverName, hostId, token }: HostOrders): Program {
  mkdirSync(STATE_DIR, { mode: 0o700 });
  writeFileSync(`${STATE_DIR}/enroll-token`, token, { mode: 0o600 });
  return new Program(
    'agent/dist/src/main.js',
    ...['run', '--controller', controller, '--tls-server-name', serverName],
    ...['--host-id', hostId, '--label', 'role=edge', '--label', 'site=fra', '--state-dir', STATE_DIR],
  );
}

const SOCKETS: Record<4 | 6, Socket> = { 4: createSocket('udp4'), 6: createSocket('udp6') };

/** One after the other: what a socket's buffer has no room for would not be sent. */
async function send({ family, port, count }: SendOrder, to: Namespace): Promise<void> {
  const address = family === 4 ? to.address : to.address6;
  for (let i = 0; i < count; i++) {
    await new Promise<void>((resolve, reject) => {
      SOCKETS[family].send('nsgate', port, address, (error) => (error === null ? resolve() : reject(error)));
    });
  }
}

async function main(): Promise<void> {
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  const orders = JSON.parse(String((await lines.next()).value)) as HostOrders;
  loadModule();
  const namespaces = new Map(orders.namespaces.map((name, i) => [name, Namespace.add(name, i + 1)] as const));
  const agent = startAgent(orders);
  const traffic = orders.traffic ? new Traffic([...namespaces.values()]) : undefined;
  tell({ event: 'ready' });
  for (let line = await lines.next(); line.done !== true; line = await lines.next()) {
    agent.assertRuns();
    const order = JSON.parse(line.value) as SendOrder;
    const to = namespaces.get(order.to);
    if (to === undefined) throw new Error(`there is no namespace ${order.to}`);
    await send(order, to);
    tell({ event: 'sent', count: order.count });
  }
  traffic?.stop();
  await agent.end();
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${(error as Error).stack ?? ''}\n`);
    process.exit(1);
  },
);
