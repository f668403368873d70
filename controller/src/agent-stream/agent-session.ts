/** One agent's open stream: what it is sent, and what its messages do. */
import { status } from '@grpc/grpc-js';
import { RpcError, type Nack, type PacketReport } from '@nsgate/proto';
import type { Logger } from 'pino';
import type { HostRegistry, Refusal } from '../host-registry/host-registry';
import { hostName } from '../model/resource-name';
import { toServiceError } from '../rpc/call-errors';
import type { DuplexCall } from '../rpc/service';
import { quote } from '../rpc/violations';
import type { CounterLedger } from '../stats/counter-ledger';
import type { PacketLog } from '../stats/packet-log';
import type { RuleDirectory } from '../stats/rule-directory';
import type { BindingReader } from './binding-reader';
import { ExplainDesk, type Explained, type PacketQuestion } from './explain-desk';
import { wellFormed, type MessagePart, type StatsPart } from './message-parts';
import { parsePackets } from './packet-parser';
import { boundedText, parseEvents, parseHealth, parseNamespaces, parseRealizations } from './report-parser';
import { encodeInSync, encodeQuestion, encodeRemove } from './stream-messages';
import { isSet, type Outgoing, type PolicyItem, type SyncState } from './sync-state';
import type { WritePump, Writer } from './write-pump';

export type AgentCall = DuplexCall<Buffer>;

export interface AgentSessionOptions {
  readonly call: AgentCall;
  readonly hostId: string;
  readonly sync: SyncState;
  /** The store's revision when the stream began. */
  readonly startRevision: bigint;
  readonly registry: HostRegistry;
  readonly ledger: CounterLedger;
  readonly bindingReader: BindingReader;
  readonly packets: PacketLog;
  readonly rules: Pick<RuleDirectory, 'find'>;
  readonly pump: WritePump;
  readonly logger: Logger;
  readonly limits: SessionLimits;
}

export interface SessionLimits {
  /** Changes, beside those that were due when the stream began, that may wait for the host. */
  readonly queued: number;
  /** How long a host may take nothing while something waits for it. */
  readonly stallMs: number;
  readonly namespaces: number;
  readonly realizations: number;
}

export const SESSION_LIMITS: SessionLimits = {
  queued: 4096,
  stallMs: 60_000,
  namespaces: 65_536,
  realizations: 1_000_000,
};

type State = 'flowing' | 'blocked' | 'ended';

export class AgentSession implements Writer {
  #state: State = 'flowing';
  #stall: NodeJS.Timeout | undefined;
  /** Parts of what is being sent: they follow each other. */
  #rest: Buffer[] = [];
  readonly #desk = new ExplainDesk((question) => this.send(encodeQuestion(question)));
  #oddities = 0;

  constructor(private readonly options: AgentSessionOptions) {
    options.call.on('drain', () => this.#resume());
    this.#reportStart();
    options.pump.schedule(this);
  }

  /** The host should hold this policy, or (undefined) none of the name, as of the store's `revision`. */
  want(name: string, item: PolicyItem | undefined, revision: bigint): void {
    this.#change(revision, () => this.options.sync.want(name, item));
    const { sync, registry, hostId } = this.options;
    if (!sync.isRefused(name)) registry.clearRefusal(hostId, name);
  }

  /** The set is another one now, as of the store's `revision`. */
  wantSet(name: string, revision: bigint): void {
    this.#change(revision, () => this.options.sync.wantSet(name));
  }

  /** The host is another one now: it may take what it has refused. */
  retryRefused(revision: bigint): void {
    this.#change(revision, () => this.options.sync.forgetRefusals());
  }

  /** Asks the host's kernel; see ExplainDesk. */
  explain(question: PacketQuestion, timeoutMs: number): Promise<Explained> {
    return this.#desk.ask(question, timeoutMs);
  }

  /** A message that goes beside the queue: a welcome, or settings. */
  send(message: Buffer): void {
    if (this.#state === 'ended') return;
    if (!this.options.call.write(message)) this.#block();
  }

  writeNext(): 'again' | 'done' {
    if (this.#state !== 'flowing') return 'done';
    const message = this.#rest.shift() ?? this.#next();
    if (message === undefined) return 'done';
    if (this.options.call.write(message)) return 'again';
    this.#block();
    return 'done';
  }

  /** Does what the message says; an RpcError for one that has no place here ends the stream. */
  receive({ message }: Pick<MessagePart, 'message'>): void {
    if (this.#state === 'ended') return;
    switch (message?.$case) {
      case 'ack':
        this.#acknowledged(message.value.nonce);
        break;
      case 'nack':
        this.#refused(message.value);
        break;
      case 'realizations':
        this.#demandOwn(message.value.realizations);
        this.#realizations(parseRealizations(message.value));
        break;
      case 'namespaces':
        this.#namespaces(parseNamespaces(message.value));
        break;
      case 'stats':
        this.#stats(message.value);
        break;
      case 'events':
        this.#events(parseEvents(message.value));
        break;
      case 'packets':
        this.#packets(message.value);
        break;
      case 'explained':
        this.#desk.answer(message.value);
        break;
      case 'hello':
        throw new RpcError(status.INVALID_ARGUMENT, 'hello: a stream has one, and this one has had it');
      case undefined:
        // A message of a later version of the protocol.
        this.#noteOddity(1, 'message of an unknown kind');
    }
  }

  /** Ends the stream for the agent with an error, or, without one, as it wished. */
  end(error?: unknown): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    clearTimeout(this.#stall);
    this.#desk.close();
    this.options.sync.end();
    const { call, logger } = this.options;
    if (error === undefined) call.end();
    else call.emit('error', toServiceError(error, 'AgentStreamService/Connect', logger));
  }

  #acknowledged(nonce: bigint): void {
    const { sync, registry, hostId, logger, pump } = this.options;
    const answered = sync.acknowledge(nonce);
    if (answered === undefined) {
      this.#noteOddity(1, 'ack of a nonce that is not outstanding');
      return;
    }
    const { name, revision } = answered;
    logger.debug({ host: hostId, resource: name, revision }, 'taken by host');
    registry.clearRefusal(hostId, name);
    this.#reportIfLevel();
    pump.schedule(this);
  }

  #refused({ nonce, reason: givenReason, passing }: Nack): void {
    const { sync, registry, hostId, logger, pump } = this.options;
    const answered = sync.refuse(nonce);
    if (answered === undefined) {
      this.#noteOddity(1, 'nack of a nonce that is not outstanding');
      return;
    }
    const { name, revision = 0n, version } = answered;
    const reason = boundedText(givenReason);
    logger.warn({ host: hostId, resource: name, revision, reason }, 'refused by host');
    const refusal = { version, policyRevision: revision, reason, passing };
    if (!sync.isRefused(name)) {
      // Something else is wanted meanwhile, or the whole of what was refused in part.
    } else if (isSet(name)) this.#refuseSet(name, refusal);
    else registry.refuse(hostId, name, refusal);
    this.#reportIfLevel();
    pump.schedule(this);
  }

  /** Operators know of policies: those that name the set cannot be enforced as they are. */
  #refuseSet(name: string, { reason, passing }: Refusal): void {
    const { sync, registry, hostId } = this.options;
    for (const policy of sync.policiesNaming(name)) {
      registry.refuse(hostId, policy, {
        version: undefined,
        policyRevision: 0n,
        reason: `${name}: ${reason}`,
        passing,
      });
    }
  }

  /** A host speaks for itself alone. */
  #demandOwn(claims: readonly { host: string }[]): void {
    const own = hostName(this.options.hostId);
    const other = claims.find(({ host }) => host !== '' && host !== own);
    if (other === undefined) return;
    const message = `${own} reports a realization of ${quote(other.host)}: a host speaks for itself alone`;
    throw new RpcError(status.PERMISSION_DENIED, message);
  }

  #realizations({ value, malformed }: ReturnType<typeof parseRealizations>): void {
    const { registry, hostId, limits } = this.options;
    const count = registry.reportRealizations(hostId, value);
    if (count > limits.realizations) this.#cut(`it reports more than ${limits.realizations} realizations`);
    this.#noteOddity(malformed, 'malformed realization');
  }

  #namespaces({ value, malformed }: ReturnType<typeof parseNamespaces>): void {
    const { registry, hostId, limits } = this.options;
    const count = registry.reportNamespaces(hostId, value);
    if (count > limits.namespaces) this.#cut(`it reports more than ${limits.namespaces} namespaces`);
    this.#noteOddity(malformed, 'malformed namespace');
  }

  #stats({ bindings, whole, health }: StatsPart): void {
    const { ledger, registry, hostId, bindingReader } = this.options;
    let malformed = 0;
    for (const bytes of bindings) {
      const report = wellFormed(() => bindingReader.read(bytes));
      if (report === undefined) malformed += 1;
      else ledger.ingest(hostId, report, { whole });
    }
    registry.health.report(hostId, health && parseHealth(health));
    this.#noteOddity(malformed, 'malformed statistics of a binding');
  }

  #packets(report: PacketReport): void {
    const { packets, rules, hostId } = this.options;
    const { value, malformed } = parsePackets(report, { hostId, rules });
    packets.report(hostId, value, report.lost);
    this.#noteOddity(malformed, 'malformed packet');
  }

  #events({ value, malformed, lost }: ReturnType<typeof parseEvents>): void {
    this.options.registry.events.report(this.options.hostId, value, lost);
    this.#noteOddity(malformed, 'malformed event');
  }

  /** Does what changes what is wanted, and tells how far the host then is. */
  #change(revision: bigint, change: () => void): void {
    const { sync, registry, hostId, limits, pump } = this.options;
    const wasLevel = sync.isLevel();
    change();
    if (wasLevel && !sync.isLevel())
      registry.setProgress(hostId, { kind: 'behind', revision: revision - 1n });
    else this.#reportIfLevel();
    if (sync.queueLength > sync.startLength + limits.queued)
      this.#cut(`${sync.queueLength} changes wait for it`);
    else pump.schedule(this);
  }

  #next(): Buffer | undefined {
    const outgoing = this.options.sync.next();
    return outgoing && this.#encode(outgoing);
  }

  #encode(outgoing: Outgoing): Buffer | undefined {
    switch (outgoing.kind) {
      case 'messages': {
        const [first, ...rest] = outgoing.messages;
        this.#rest = rest;
        return first;
      }
      case 'remove':
        return encodeRemove(outgoing.name, outgoing.nonce);
      case 'in-sync':
        return encodeInSync(this.options.startRevision);
    }
  }

  /** What a host that is not level at the start lacks tells up to where it can be level. */
  #reportStart(): void {
    const { sync, registry, hostId } = this.options;
    for (const policy of registry.refusals(hostId).keys()) {
      if (!sync.isRefused(policy)) registry.clearRefusal(hostId, policy);
    }
    if (sync.isLevel()) {
      registry.setProgress(hostId, { kind: 'level' });
      return;
    }
    const lacking = sync.missing().map((revision) => revision - 1n);
    const before = registry.acknowledgedRevision(hostId);
    const revision = lacking.reduce((least, one) => (one < least ? one : least), before);
    registry.setProgress(hostId, { kind: 'behind', revision });
  }

  #reportIfLevel(): void {
    const { sync, registry, hostId } = this.options;
    if (sync.isLevel()) registry.setProgress(hostId, { kind: 'level' });
  }

  #block(): void {
    if (this.#state !== 'flowing') return;
    this.#state = 'blocked';
    const { stallMs } = this.options.limits;
    this.#stall = setTimeout(() => this.#cut(`it has read nothing for ${stallMs / 1000} s`), stallMs).unref();
  }

  #resume(): void {
    if (this.#state !== 'blocked') return;
    clearTimeout(this.#stall);
    this.#state = 'flowing';
    this.options.pump.schedule(this);
  }

  /** The agent connects again, and is brought level by what it then holds. */
  #cut(why: string): void {
    this.options.logger.warn({ host: this.options.hostId, why }, 'stream of host cut');
    this.end(new RpcError(status.RESOURCE_EXHAUSTED, `the stream is cut: ${why}`));
  }

  /** Logged once a stream for all of them, so that a broken agent cannot fill the log. */
  #noteOddity(count: number, what: string): void {
    if (count > 0 && this.#oddities === 0) {
      this.options.logger.warn(
        { host: this.options.hostId, what, count },
        'odd report left out (told once a stream)',
      );
    }
    this.#oddities += count;
  }
}
