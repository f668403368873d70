/** One open stream to a controller: what it asks is done and answered, and what changes here is reported. */
import {
  RpcError,
  type ConnectRequest,
  type ConnectResponse,
  type ExplainQuestion,
  type ReportSettings,
} from '@nsgate/proto';
import type { ClientDuplexStream, StatusObject } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import type { Change, Outcome } from '../desired-state/intake';
import type { Explanation, PacketQuestion } from '../explain/explain';
import type { HostEvent } from '../host-events/host-events';
import type { NamespaceStatus, Realization, Reality } from '../reconcile/reality';
import type { PacketSample } from '../stats/packet-samples';
import type { StatsSample } from '../stats/stats-reader';
import { REVOKED } from './channel';
import { explainAnswer, readQuestion } from './explain-message';
import { InboundChanges } from './inbound-changes';
import { packetReports } from './packet-message';
import {
  eventReports,
  namespaceReports,
  realizationReports,
  statsReports,
  wireHealth,
} from './report-messages';

/** How the agent introduces itself; the fields of Hello in agent_stream.proto. */
export interface Introduction {
  hostId: string;
  labels: Record<string, string>;
  agentVersion: string;
  /** Empty while the kernel module is not loaded. */
  moduleVersion: string;
  kernelRelease: string;
  bootId: string;
  held: { name: string; digest: string; revision: bigint }[];
  heldSets: { name: string; uid: string; revision: bigint }[];
}

/** What the agent does for a session. */
export interface AgentFacade {
  submit(change: Change): Promise<Outcome>;
  reality(): Reality;
  /** What changed since the last time; everything after startOver. */
  readStats(): StatsSample;
  startStatsOver(): void;
  /** What is to be told, once. */
  takeEvents(): { events: HostEvent[]; lost: number };
  /** Sampled packets, once. */
  takePackets(): { packets: PacketSample[]; lost: bigint };
  /** Asks the live ruleset. Throws when it cannot be asked, with a sentence for the operator. */
  explain(question: PacketQuestion): Explanation;
}

export interface SessionOptions {
  call: ClientDuplexStream<ConnectRequest, ConnectResponse>;
  introduction: Introduction;
  agent: AgentFacade;
  log: Logger;
  /** How long the controller may take to answer Hello, in milliseconds. */
  welcomeTimeoutMs: number;
  /** The controller has said that the host is in sync, at this revision of its store. */
  onSync: (revision: bigint) => void;
}

export interface SessionEnd {
  reason: string;
  /** Whether the controller had said that the host is in sync. */
  wasInSync: boolean;
  /** Whether the controller keeps the host out because its certificates were taken back. */
  isRevoked: boolean;
}

const DEFAULT_STATS_INTERVAL_MS = 15_000;
const MIN_STATS_INTERVAL_MS = 100;
const MAX_STATS_INTERVAL_MS = 3_600_000;
const HEALTH_INTERVAL_MS = 15_000;
/** Sampled packets are sent so often. */
const PACKETS_INTERVAL_MS = 200;

/** The controller is not read further while this many of its messages are being worked on. */
const MAX_OPEN_MESSAGES = 256;

export class Session {
  /** When the stream is over, and why. */
  readonly ended: Promise<SessionEnd>;
  #end!: (end: SessionEnd) => void;
  #isOver = false;
  #violation: string | undefined;
  #state: 'greeting' | 'syncing' | 'in sync' = 'greeting';
  #openMessages = 0;
  #welcomeTimer: NodeJS.Timeout;
  #statsTimer: NodeJS.Timeout | undefined;
  /** Of performance.now(). */
  #statsReported = 0;
  #packetsTimer: NodeJS.Timeout | undefined;
  #isFirstReport = true;
  #healthDue = 0;
  #statsIntervalMs = DEFAULT_STATS_INTERVAL_MS;
  #sentRealizations: ReadonlyMap<string, Realization> | undefined;
  #sentNamespaces: ReadonlyMap<string, NamespaceStatus> | undefined;
  #isRealityNew = false;
  #isReporting = false;
  readonly #changes: InboundChanges;

  constructor(private readonly options: SessionOptions) {
    const { call, introduction, agent, log } = options;
    this.#changes = new InboundChanges({
      submit: (change) => agent.submit(change),
      answer: (message) => this.#say(message),
      log,
    });
    this.ended = new Promise((resolve) => (this.#end = resolve));
    call.on('data', (message: ConnectResponse) => this.#receive(message));
    // Every end comes as a status, after an error if it is one.
    call.on('error', () => undefined);
    call.on('status', (status: StatusObject) => this.#finish(status));
    this.#welcomeTimer = setTimeout(() => this.#drop('no answer to Hello'), options.welcomeTimeoutMs);
    call.write({ message: { $case: 'hello', value: introduction } });
  }

  get state(): 'connecting' | 'syncing' | 'in sync' {
    return this.#state === 'greeting' ? 'connecting' : this.#state;
  }

  /** Reality has changed: what the controller has not heard yet is sent, as fast as it takes it. */
  report(): void {
    if (this.#state === 'greeting' || this.#isOver) return;
    this.#isRealityNew = true;
    if (!this.#isReporting) void this.#reportAll();
  }

  /** Sends the last counters and closes the stream in good order; gives up after `timeoutMs`. */
  async close(timeoutMs: number): Promise<void> {
    const { call } = this.options;
    if (this.#state !== 'greeting' && !this.#isOver) {
      this.#reportStats();
      this.#reportPackets();
    }
    const timer = setTimeout(() => call.cancel(), timeoutMs);
    call.end();
    await this.ended;
    clearTimeout(timer);
  }

  #receive({ message }: ConnectResponse): void {
    if (this.#isOver || this.#violation !== undefined) return;
    if (message === undefined) {
      this.options.log.warn('ignored a message of a kind that this agent does not know');
      return;
    }
    if ((this.#state === 'greeting') !== (message.$case === 'welcome')) {
      this.#drop(`${message.$case} at the wrong time`);
      return;
    }
    switch (message.$case) {
      case 'welcome':
        this.#welcome(message.value.controllerVersion);
        return;
      case 'upsert':
      case 'remove':
      case 'setUpsert':
      case 'setDelta':
      case 'setRemove':
        void this.#work(this.#changes.take(message));
        return;
      case 'explain':
        this.#explain(message.value);
        return;
      case 'inSync':
        void this.#work(this.#inSync(message.value.revision));
        return;
      case 'settings':
        this.#settings(message.value);
    }
  }

  #welcome(controllerVersion: string): void {
    clearTimeout(this.#welcomeTimer);
    this.#state = 'syncing';
    this.options.log.info({ controllerVersion }, 'connected');
    this.options.agent.startStatsOver();
    this.report();
    // At once: what is bound from now on is not taken for what was counted before the stream.
    this.#reportStats();
    this.#scheduleStats();
    this.#packetsTimer = setInterval(() => this.#reportPackets(), PACKETS_INTERVAL_MS).unref();
  }

  async #inSync(revision: bigint): Promise<void> {
    const refusal = await this.options.agent.submit({ kind: 'complete' });
    if (refusal !== undefined) {
      this.#drop(refusal.reason);
      return;
    }
    this.#state = 'in sync';
    this.options.onSync(revision);
    this.options.log.info({ revision: revision.toString() }, 'in sync');
  }

  #explain(question: ExplainQuestion): void {
    const read = readQuestion(question);
    this.#say(explainAnswer(question.id, () => this.options.agent.explain(read)));
  }

  #settings({ statsInterval }: ReportSettings): void {
    if (statsInterval === undefined) return;
    const wanted = Number(statsInterval.seconds) * 1000 + statsInterval.nanos / 1e6;
    this.#statsIntervalMs = Math.min(Math.max(wanted, MIN_STATS_INTERVAL_MS), MAX_STATS_INTERVAL_MS);
    this.#scheduleStats();
  }

  /** Keeps count of what is being worked on, and the controller from sending ever more. */
  async #work(work: Promise<void>): Promise<void> {
    const { call } = this.options;
    this.#openMessages += 1;
    if (this.#openMessages === MAX_OPEN_MESSAGES) call.pause();
    try {
      await work;
    } catch (error) {
      this.options.log.error({ err: error }, 'a message could not be worked on');
      this.#drop((error as Error).message);
    }
    this.#openMessages -= 1;
    if (this.#openMessages === MAX_OPEN_MESSAGES / 2) call.resume();
  }

  #say(message: ConnectRequest['message']): void {
    if (!this.#isOver) this.options.call.write({ message });
  }

  async #reportAll(): Promise<void> {
    this.#isReporting = true;
    while (this.#isRealityNew && !this.#isOver) {
      this.#isRealityNew = false;
      const { realizations, namespaces } = this.options.agent.reality();
      await this.#sendAll(namespaceReports(this.#sentNamespaces, namespaces));
      this.#sentNamespaces = namespaces;
      await this.#sendAll(realizationReports(this.#sentRealizations, realizations));
      this.#sentRealizations = realizations;
      await this.#sendAll(eventReports(this.options.agent.takeEvents()));
    }
    this.#isReporting = false;
  }

  async #sendAll(messages: readonly ConnectRequest[]): Promise<void> {
    const { call } = this.options;
    for (const message of messages) {
      if (this.#isOver) return;
      if (call.write(message)) continue;
      await Promise.race([new Promise((resolve) => call.once('drain', resolve)), this.ended]);
    }
  }

  /**
   * From the last report on, whatever has been said of the interval since: who is told another one again and again, since people look and
   * go, would never report otherwise.
   */
  #scheduleStats(): void {
    clearTimeout(this.#statsTimer);
    const dueMs = this.#statsReported + this.#statsIntervalMs - performance.now();
    if (dueMs <= 0) this.#reportStats();
    this.#statsTimer = setTimeout(() => this.#scheduleStats(), dueMs > 0 ? dueMs : this.#statsIntervalMs);
    this.#statsTimer.unref();
  }

  /** A peer that does not take what was sent gets no more: counters are cumulative, the next report says it all. */
  #reportStats(): void {
    const { call, agent, log } = this.options;
    this.#statsReported = performance.now();
    if (call.writableNeedDrain) return;
    try {
      const sample = agent.readStats();
      const whole = this.#isFirstReport;
      for (const message of statsReports(sample.bindings, { whole, health: this.#dueHealth(sample) })) {
        call.write(message);
      }
      this.#isFirstReport = false;
    } catch (error) {
      log.warn({ err: error }, 'cannot read the counters');
    }
  }

  #dueHealth(sample: StatsSample): ReturnType<typeof wireHealth> | undefined {
    const now = performance.now();
    if (now < this.#healthDue) return undefined;
    // A tick that comes a little early is not put off to the next.
    this.#healthDue = now + HEALTH_INTERVAL_MS - MIN_STATS_INTERVAL_MS;
    return wireHealth(sample);
  }

  /** While the peer takes nothing they wait where they are, and the oldest of them are counted as lost. */
  #reportPackets(): void {
    const { call, agent } = this.options;
    if (call.writableNeedDrain) return;
    for (const message of packetReports(agent.takePackets())) call.write(message);
  }

  #drop(violation: string): void {
    this.#violation ??= violation;
    this.options.call.cancel();
  }

  #finish({ code, details, metadata }: StatusObject): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#welcomeTimer);
    clearTimeout(this.#statsTimer);
    clearInterval(this.#packetsTimer);
    const reason = this.#violation ?? (details === '' ? `status ${code}` : details);
    const refusal = RpcError.fromServiceError(Object.assign(new Error(details), { code, details, metadata }));
    const isRevoked = refusal.reason?.reason === REVOKED;
    this.#end({ reason, wasInSync: this.#state === 'in sync', isRevoked });
  }
}
