/** One agent's open stream: what it is sent, and what its messages do. */
import { status } from '@grpc/grpc-js';
import { RpcError, type ConnectRequest } from '@nsgate/proto';
import type { Logger } from 'pino';
import type { HostRegistry } from '../host-registry/host-registry';
import { toServiceError } from '../rpc/call-errors';
import { MalformedMessage, type DuplexCall } from '../rpc/service';
import type { CounterLedger } from '../stats/counter-ledger';
import { boundedText, parseNamespaces, parseRealizations, parseStats } from './report-parser';
import { encodeInSync, encodeRemove } from './stream-messages';
import type { Outgoing, SyncState, Upsert } from './sync-state';
import type { WritePump, Writer } from './write-pump';

export type AgentCall = DuplexCall<ConnectRequest | MalformedMessage, Buffer>;

export interface AgentSessionOptions {
  readonly call: AgentCall;
  readonly hostId: string;
  readonly sync: SyncState;
  /** The store's revision when the stream began. */
  readonly startRevision: bigint;
  readonly registry: HostRegistry;
  readonly ledger: CounterLedger;
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
  #oddities = 0;

  constructor(private readonly options: AgentSessionOptions) {
    options.call.on('drain', () => this.#resume());
    this.#reportStart();
    options.pump.schedule(this);
  }

  /** The host should hold this policy, or (undefined) none of the name, as of the store's `revision`. */
  want(name: string, upsert: Upsert | undefined, revision: bigint): void {
    const { sync, registry, hostId, limits, pump } = this.options;
    const wasLevel = sync.isLevel();
    sync.want(name, upsert);
    if (!sync.isRefused(name)) registry.clearRefusal(hostId, name);
    if (wasLevel && !sync.isLevel())
      registry.setProgress(hostId, { kind: 'behind', revision: revision - 1n });
    else this.#reportIfLevel();
    if (sync.queueLength > sync.startLength + limits.queued)
      this.#cut(`${sync.queueLength} changes wait for it`);
    else pump.schedule(this);
  }

  /** A message that goes beside the queue: a welcome, or settings. */
  send(message: Buffer): void {
    if (this.#state === 'ended') return;
    if (!this.options.call.write(message)) this.#block();
  }

  writeNext(): 'again' | 'done' {
    if (this.#state !== 'flowing') return 'done';
    const outgoing = this.options.sync.next();
    if (outgoing === undefined) return 'done';
    if (this.options.call.write(this.#encode(outgoing))) return 'again';
    this.#block();
    return 'done';
  }

  /** Does what the message says; an RpcError for one that has no place here ends the stream. */
  receive(request: ConnectRequest | MalformedMessage): void {
    if (this.#state === 'ended') return;
    if (request instanceof MalformedMessage) throw request.toError();
    const { message } = request;
    switch (message?.$case) {
      case 'ack':
        this.#acknowledged(message.value.nonce);
        break;
      case 'nack':
        this.#refused(message.value.nonce, message.value.reason);
        break;
      case 'realizations':
        this.#realizations(parseRealizations(message.value));
        break;
      case 'namespaces':
        this.#namespaces(parseNamespaces(message.value));
        break;
      case 'stats':
        this.#stats(parseStats(message.value));
        break;
      case 'events':
      case 'explained':
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
    const { name, upsert } = answered;
    logger.debug({ host: hostId, policy: name, revision: upsert?.revision }, 'policy taken by host');
    registry.clearRefusal(hostId, name);
    this.#reportIfLevel();
    pump.schedule(this);
  }

  #refused(nonce: bigint, givenReason: string): void {
    const { sync, registry, hostId, logger, pump } = this.options;
    const answered = sync.refuse(nonce);
    if (answered === undefined) {
      this.#noteOddity(1, 'nack of a nonce that is not outstanding');
      return;
    }
    const { name, upsert } = answered;
    const reason = boundedText(givenReason);
    logger.warn({ host: hostId, policy: name, revision: upsert?.revision, reason }, 'policy refused by host');
    if (sync.isRefused(name)) {
      registry.refuse(hostId, name, {
        digest: upsert?.digest,
        policyRevision: upsert?.revision ?? 0n,
        reason,
      });
    }
    this.#reportIfLevel();
    pump.schedule(this);
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

  #stats({ value, malformed }: ReturnType<typeof parseStats>): void {
    for (const binding of value) this.options.ledger.ingest(this.options.hostId, binding);
    this.#noteOddity(malformed, 'malformed statistics of a binding');
  }

  #encode(outgoing: Outgoing): Buffer {
    switch (outgoing.kind) {
      case 'upsert':
        return outgoing.upsert.message;
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
    const lacking = sync.missing().map(({ revision }) => revision - 1n);
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
