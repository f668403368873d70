/** The demo: controller, host and operator, step by step, and all of it gone afterwards. */
import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Policy } from '@nsgate/proto';
import { readResourceFile } from '../../controller/cli/resource-file';
import { ADDRESS_SEEN_FROM_VM, HOST_ID, makeCertificates, type DemoCertificates } from './certificates';
import { ControllerProcess } from './controller-process';
import { DemoHost } from './demo-host';
import { Failure } from './failure';
import type { HostEvent } from './host-event';
import { moduleFileFor } from './module-file';
import { Observations } from './observations';
import { Operator } from './operator';
import type { DemoOptions } from './options';
import { nextCommands, resultTable, webPage } from './report';
import { makeWebAccess, type WebAccess } from './web-access';

const POLICY_FILE = resolve(__dirname, '../policies/no-ping-in-ns1.yaml');
const RULE_ID = 'drop-ping';
const HOST_PATIENCE_MS = 300_000;
const OBSERVATION_PATIENCE_MS = 120_000;
const LOOK_AGAIN_MS = 50;

/** Told what goes on. */
export interface Audience {
  /** Something happened. */
  news: (text: string) => void;
  /** How things stand at this moment; replaces what was said of it before. */
  standing: (text: string) => void;
}

interface Parts {
  certificates: DemoCertificates;
  access: WebAccess;
  operator: Operator;
  controller: ControllerProcess;
}

export class Demo {
  readonly seen = new Observations();
  readonly #failure = new Failure();
  readonly #streams = new AbortController();
  #parts: Parts | undefined;
  #host: DemoHost | undefined;
  #hostReady = false;
  #stopping = false;

  constructor(private readonly options: DemoOptions) {}

  /** Makes certificates and starts the controller. */
  async startController(audience: Audience): Promise<void> {
    const certificates = await this.#makeCertificates();
    const operator = new Operator(`127.0.0.1:${this.options.port}`, certificates.operator);
    const serves = (): Promise<boolean> => operator.serves();
    const access = makeWebAccess(this.options.dataDir);
    const controller = await ControllerProcess.start(this.options, { certificates, access }, serves);
    this.#parts = { certificates, access, operator, controller };
    void controller.ended().then((how) => this.#fail(how));
    audience.news(`listening on ${controller.address} (mutual TLS) and ${controller.socket}`);
  }

  /** Starts the host with its agent, and waits until its probes run. */
  async startHost(audience: Audience): Promise<void> {
    const { operator } = this.#started();
    const module = await moduleFileFor(this.options.host);
    const seenAs = this.options.host === 'vm' ? ADDRESS_SEEN_FROM_VM : '127.0.0.1';
    this.#host = await DemoHost.start(this.options, {
      controller: `${seenAs}:${this.options.port}`,
      serverName: 'localhost',
      module,
      hostId: HOST_ID,
      token: await operator.enroll(HOST_ID),
    });
    audience.news(`${HOST_ID} is given a token, by which its agent gets its certificate`);
    void this.#host.ended.then((problem) => this.#fail(problem ?? 'the host ended by itself'));
    void this.#listen(this.#host, audience);
    await this.#until(() => this.#hostReady, { ms: HOST_PATIENCE_MS, what: 'starting the host' });
  }

  /** Removes what an earlier run left in the store, and waits until all traffic passes. */
  async observeBefore(audience: Audience): Promise<void> {
    await this.#started().operator.deletePolicy(this.#readPolicy().name);
    const passes = (): boolean => {
      audience.standing(this.seen.summary());
      return this.seen.allPassedBefore();
    };
    await this.#until(passes, { ms: OBSERVATION_PATIENCE_MS, what: 'waiting for all traffic to pass' });
  }

  /** Applies the policy, and waits until the host's kernel enforces it. */
  async applyPolicy(audience: Audience): Promise<void> {
    const { operator } = this.#started();
    const policy = await operator.applyPolicy(this.#readPolicy());
    const wanted = { policy, host: `hosts/${HOST_ID}`, namespace: 'ns1' };
    const enforced = operator.waitEnforced(wanted);
    const limit = { ms: OBSERVATION_PATIENCE_MS, what: `enforcing ${policy.name} in ns1` };
    const { rulesetDigest } = await this.#failure.orStep(enforced, limit);
    this.seen.policyEnforced();
    void this.#count(policy.name);
    audience.news(`${policy.name} is enforced in ns1 of ${HOST_ID}, ruleset ${rulesetDigest.slice(0, 12)}`);
  }

  /** Waits until everything that the demo has to show was seen; an Error lists what was not. */
  async observeUnder(audience: Audience): Promise<void> {
    const complete = (): boolean => {
      audience.standing(this.seen.summary());
      return this.seen.missing().length === 0;
    };
    await this.#until(complete, { ms: OBSERVATION_PATIENCE_MS, what: 'the observation' }).catch(
      (error: unknown) => {
        throw new Error([(error as Error).message, ...this.seen.missing()].join('; '), { cause: error });
      },
    );
  }

  /** A table of what was seen, and commands to try next. */
  report(): string {
    const { name } = this.#readPolicy();
    const { controller, certificates, access } = this.#started();
    const { address, socket } = controller;
    const page = { url: `https://localhost:${this.options.webPort}/`, token: access.token };
    const table = resultTable(this.seen, { policy: name, id: RULE_ID });
    const commands = nextCommands({ address, socket, tls: certificates.operator, policy: name });
    return `${table}\n\n${webPage(page)}\n\n${commands}\n`;
  }

  /** Runs on until `interrupted` settles; an Error says which part failed. */
  async runUntil(interrupted: Promise<unknown>, audience: Audience): Promise<void> {
    const ticker = setInterval(() => audience.standing(this.seen.summary()), 500);
    try {
      await this.#failure.orInterruption(interrupted);
    } finally {
      clearInterval(ticker);
    }
  }

  /** Stops everything in reverse order; gives what could not be cleaned up. */
  async stop(): Promise<string | undefined> {
    this.#stopping = true;
    this.#streams.abort();
    const problem = await this.#host?.stop();
    this.#parts?.operator.close();
    await this.#parts?.controller.stop();
    return problem;
  }

  async #makeCertificates(): Promise<DemoCertificates> {
    try {
      mkdirSync(this.options.dataDir, { recursive: true, mode: 0o700 });
      return await makeCertificates(this.options.dataDir);
    } catch (error) {
      throw new Error(`cannot use the data folder ${this.options.dataDir}: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }

  #readPolicy(): Policy {
    const [policy] = readResourceFile(POLICY_FILE).flatMap((one) =>
      one.kind === 'Policy' ? [one.policy] : [],
    );
    if (policy === undefined) throw new Error(`${POLICY_FILE} holds no policy`);
    return policy;
  }

  async #listen(host: DemoHost, audience: Audience): Promise<void> {
    try {
      for await (const event of host.events()) this.#take(event, audience);
    } catch (error) {
      this.#fail((error as Error).message);
    }
  }

  #take(event: HostEvent, audience: Audience): void {
    switch (event.event) {
      case 'step':
        audience.news(event.text);
        break;
      case 'ready':
        this.#hostReady = true;
        break;
      case 'probes':
        this.seen.probed(event.outcomes);
        break;
      case 'failed':
        this.#fail(event.reason);
        break;
    }
  }

  async #count(policy: string): Promise<void> {
    try {
      const { operator } = this.#started();
      for await (const counters of operator.ruleCounters(policy, RULE_ID, this.#streams.signal)) {
        this.seen.counted(counters);
      }
    } catch (error) {
      this.#fail(`the stream of statistics broke: ${(error as Error).message}`);
    }
  }

  /** Waits until `condition` holds. */
  async #until(condition: () => boolean, limit: { ms: number; what: string }): Promise<void> {
    let waiting = true;
    const poll = async (): Promise<void> => {
      while (waiting && !condition()) await delay(LOOK_AGAIN_MS);
    };
    await this.#failure.orStep(poll(), limit).finally(() => {
      waiting = false;
    });
  }

  #started(): Parts {
    if (this.#parts === undefined) throw new Error('the controller is not started');
    return this.#parts;
  }

  #fail(reason: string): void {
    if (!this.#stopping) this.#failure.report(reason);
  }
}
