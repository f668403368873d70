/**
 * What one bad host costs the others: `npm run bench:bad-host`. A policy is written again and again, and it is measured how long it takes
 * until every other host has received it: with all quiet, and with a host that does one of many kinds of harm, or all of them at once, in
 * turns, so that what else the machine does falls on all alike. Exit status 1 when one of them is over the bound.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import {
  clientCredentials,
  CreatePolicyRequest,
  LabelOperator,
  UpdatePolicyRequest,
  type Policy,
} from '@nsgate/proto';
import {
  buildController,
  Clients,
  ControllerProcess,
  unary,
} from '../../controller/src/controller-process.testing';
import { createLocalCa, type LocalCa } from '../../deploy/certificates/local-ca';
import type { Account, Order } from './bad-host/bad-host';
import { Fleet } from './bad-host/fleet';
import { MISDEEDS, type Misdeed } from './bad-host/misdeeds';

const HOSTS = 20;
/** Of each kind of harm, in each turn; and with all quiet, in parts before each. */
const PUSHES = 250;
/** Between writes, so that the times of day at which they come are many. */
const PAUSE_MS = 10;
const SETTLE_MS = 1000;
const MOST = 1.5;

const { turns, only } = parseArgs({
  options: { turns: { type: 'string', default: '6' }, only: { type: 'string', multiple: true } },
}).values;
const misdeeds = MISDEEDS.filter((one) => only?.includes(one) ?? true);
if (misdeeds.length === 0) throw new Error(`--only is one of: ${MISDEEDS.join(', ')}`);

class Bench {
  readonly #folder = mkdtempSync(join(tmpdir(), 'nsgate-bad-host-'));
  readonly #controller = new ControllerProcess();
  #pushes = 0;

  async run(): Promise<boolean> {
    buildController();
    const ca = await createLocalCa(join(this.#folder, 'ca'));
    const identity = { kind: 'controller', id: 'c' } as const;
    await this.#controller.start(await ca.issue({ name: 'c', identity, ipAddresses: ['127.0.0.1'] }));
    const fleet = await Fleet.connect(this.#controller.port, ca, HOSTS);
    const operator = await this.#operator(ca);
    const bad = await this.#badHost(ca);
    try {
      return report(await this.#measure(fleet, operator, bad));
    } finally {
      bad.disconnect();
      operator.close();
      fleet.close();
      await this.#controller.remove();
      rmSync(this.#folder, { recursive: true });
    }
  }

  async #measure(fleet: Fleet, operator: Clients, bad: ChildProcess): Promise<Measured> {
    const quiet: number[] = [];
    const disturbed = new Map<Misdeed, Disturbed>(
      misdeeds.map((misdeed) => [misdeed, { times: [], bytes: 0, connections: 0 }]),
    );
    await this.#pushAll(fleet, operator);
    for (let turn = 0; turn < Number(turns); turn++) {
      for (const [misdeed, found] of disturbed) {
        quiet.push(...(await this.#pushAll(fleet, operator, Math.ceil(PUSHES / misdeeds.length))));
        bad.send({ misdeed } satisfies Order);
        await setTimeout(SETTLE_MS);
        found.times.push(...(await this.#pushAll(fleet, operator)));
        bad.send({ misdeed: undefined } satisfies Order);
        const [account] = (await once(bad, 'message')) as [Account];
        found.bytes += account.bytes;
        found.connections += account.connections;
        await setTimeout(SETTLE_MS);
      }
    }
    return { quiet, disturbed };
  }

  async #pushAll(fleet: Fleet, operator: Clients, count = PUSHES): Promise<number[]> {
    const times: number[] = [];
    for (let i = 0; i < count; i++) {
      times.push(await this.#push(fleet, operator));
      await setTimeout(PAUSE_MS * (0.5 + Math.random()));
    }
    return times;
  }

  /** From the write to the last host's receipt. */
  async #push(fleet: Fleet, operator: Clients): Promise<number> {
    this.#pushes += 1;
    const policy = { name: 'policies/bench', description: `push ${this.#pushes}` };
    const request = UpdatePolicyRequest.fromPartial({ policy, updateMask: ['description'] });
    const start = performance.now();
    const { revision } = await unary<Policy>((done) => operator.policies.updatePolicy(request, done));
    return (await fleet.received(revision)) - start;
  }

  async #operator(ca: LocalCa): Promise<Clients> {
    const files = await ca.issue({ name: 'operator', identity: { kind: 'operator', id: 'bench' } });
    const clients = new Clients(`127.0.0.1:${this.#controller.port}`, clientCredentials(files));
    const request = CreatePolicyRequest.fromPartial({
      policyId: 'bench',
      policy: {
        hostSelector: {
          requirements: [{ key: 'site', operator: LabelOperator.LABEL_OPERATOR_EQUALS, values: ['bench'] }],
        },
        namespaces: { include: ['tenant-*'] },
      },
    });
    await unary((done) => clients.policies.createPolicy(request, done));
    return clients;
  }

  async #badHost(ca: LocalCa): Promise<ChildProcess> {
    const { cert, key, ca: root } = await ca.issue({ name: 'bad', identity: { kind: 'host', id: 'bad' } });
    const args = [String(this.#controller.port), cert, key, root];
    // In truth it is another machine: it computes on what the controller and the hosts that are measured leave.
    const execArgv = ['--idle', '0', process.execPath, '--import', 'tsx'];
    return fork(join(__dirname, 'bad-host/bad-host.ts'), args, { execPath: 'chrt', execArgv });
  }
}

interface Disturbed {
  readonly times: number[];
  /** What the bad host got rid of meanwhile. */
  bytes: number;
  connections: number;
}

interface Measured {
  readonly quiet: number[];
  readonly disturbed: ReadonlyMap<Misdeed, Disturbed>;
}

function report({ quiet, disturbed }: Measured): boolean {
  const standard = at(quiet, 0.99);
  process.stdout.write(`${figures(quiet)}, ${quiet.length} pushes to ${HOSTS} hosts: all quiet\n`);
  const ratios = [...disturbed].map(([misdeed, { times, bytes, connections }]) => {
    const ratio = at(times, 0.99) / standard;
    const done = `${(bytes / 1e6).toFixed(0)} MB, ${connections} connections`;
    process.stdout.write(
      `${figures(times)}: ${misdeed} (${done}): ${ratio.toFixed(2)} ${ratio <= MOST ? 'ok' : 'OVER'}\n`,
    );
    return ratio;
  });
  const worst = Math.max(...ratios);
  process.stdout.write(`p99 is at most ${worst.toFixed(2)} of the quiet one (may be ${MOST})\n`);
  return worst <= MOST;
}

function figures(times: readonly number[]): string {
  return `median ${at(times, 0.5).toFixed(1)} ms, p99 ${at(times, 0.99).toFixed(1)} ms`;
}

function at(times: readonly number[], share: number): number {
  return [...times].sort((a, b) => a - b)[Math.floor(times.length * share)] ?? Infinity;
}

new Bench().run().then(
  (holds) => process.exit(holds ? 0 : 1),
  (error: unknown) => {
    process.stderr.write(`${(error as Error).stack ?? String(error)}\n`);
    process.exit(1);
  },
);
