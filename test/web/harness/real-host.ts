/** A host that is none of ours to fake: a virtual machine with the real kernel module and agent, seen from here. */
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { boot } from '../../vm/boot';
import type { Machine } from '../../vm/machine';
import type { HostNews, HostOrders, SendOrder } from '../guest/orders';

const ROOT = join(__dirname, '../../..');
const GUEST = ['--import', 'tsx', join(ROOT, 'test/web/guest/main.ts')];
const MEMORY_MEGABYTES = 1024;

export class RealHost {
  readonly #lines: AsyncIterator<string>;
  /** What it has to say when something goes wrong. */
  #complaints = '';

  private constructor(private readonly machine: Machine) {
    const lines: Interface = createInterface({ input: machine.stdout });
    this.#lines = lines[Symbol.asyncIterator]();
    machine.stderr.on('data', (text: Buffer) => (this.#complaints += text.toString()));
  }

  /** Boots it, and waits until its agent is started. */
  static async boot(orders: HostOrders): Promise<RealHost> {
    const machine = await boot({
      command: [process.execPath, ...GUEST],
      memoryMegabytes: MEMORY_MEGABYTES,
      network: { forwards: [] },
      workingDirectory: ROOT,
    });
    const host = new RealHost(machine);
    machine.stdin.write(`${JSON.stringify(orders)}\n`);
    await host.#hear('ready');
    return host;
  }

  /** Has packets sent; they have left when this resolves. */
  async send(order: SendOrder): Promise<void> {
    this.machine.stdin.write(`${JSON.stringify(order)}\n`);
    await this.#hear('sent');
  }

  /** Ends it; an Error says what its kernel has complained of. */
  async stop(): Promise<void> {
    this.machine.stdin.end();
    const { troubles } = await this.machine.exited;
    if (troubles.length > 0) throw new Error(`the guest's kernel: ${troubles[0]?.line ?? ''}`);
  }

  async #hear(event: HostNews['event']): Promise<void> {
    const line = await this.#lines.next();
    if (line.done === true) throw new Error(`the host ended: ${this.#complaints}`);
    const news = JSON.parse(line.value) as HostNews;
    if (news.event !== event) throw new Error(`the host said ${line.value} where ${event} was expected`);
  }
}
