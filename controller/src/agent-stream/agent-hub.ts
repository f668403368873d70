/** All agents' streams: who is connected, and which policies each should hold. */
import { randomBytes } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { RpcError } from '@nsgate/proto';
import type { Logger } from 'pino';
import { HostIndex } from '../compiler/host-index';
import type { HostRegistry } from '../host-registry/host-registry';
import type { Policy } from '../model/policy';
import { selectsHost, type Labels } from '../model/selector';
import type { PolicyStore } from '../policy-store/policy-store';
import type { CounterLedger } from '../stats/counter-ledger';
import type { PacketLog } from '../stats/packet-log';
import type { RuleDirectory } from '../stats/rule-directory';
import { AgentSession, SESSION_LIMITS, type AgentCall, type SessionLimits } from './agent-session';
import { BindingReader } from './binding-reader';
import type { Greeting } from './hello-parser';
import { PolicyCatalog, type CatalogChange } from './policy-catalog';
import type { Explained, PacketQuestion } from './explain-desk';
import { ReportInterval } from './report-interval';
import { encodeSettings, encodeWelcome } from './stream-messages';
import { SyncState, type PolicyItem, type Standing } from './sync-state';
import { WritePump } from './write-pump';

export interface AgentHubOptions {
  readonly store: PolicyStore;
  readonly registry: HostRegistry;
  readonly ledger: CounterLedger;
  readonly packets: PacketLog;
  readonly rules: Pick<RuleDirectory, 'find'>;
  readonly logger: Logger;
  readonly version: string;
  /** Told of every policy that is put (also those that stand at the start) or, undefined, removed. */
  readonly onPolicy: (name: string, policy: Policy | undefined) => void;
  readonly limits?: SessionLimits;
}

export class AgentHub {
  readonly #sessions = new Map<string, AgentSession>();
  readonly #index = new HostIndex();
  readonly #pump = new WritePump();
  readonly #catalog: PolicyCatalog;
  readonly #nextNonce = nonceSource();
  /** One for all: a report is worked on before the next is read. */
  readonly #bindingReader = new BindingReader();
  readonly #statsInterval = new ReportInterval();

  constructor(private readonly options: AgentHubOptions) {
    this.#catalog = new PolicyCatalog({
      store: options.store,
      nextNonce: this.#nextNonce,
      logger: options.logger,
      onChange: (change) => this.#spread(change),
      onSet: (name) => this.#spreadSet(name),
      onRevision: (revision) => options.registry.setDesiredRevision(revision),
    });
  }

  /** Resolves when every policy is known: no agent may be let in before, or it would be told to remove them. */
  start(): Promise<void> {
    return this.#catalog.start();
  }

  stop(): void {
    this.#catalog.stop();
  }

  /** Whether somebody watches statistics: agents then report them more often. */
  setWatched(watched: boolean): void {
    this.#statsInterval.setWatched(watched, this.#sessions.size);
    this.#tellInterval();
  }

  /** An agent has greeted: its stream replaces the one that the host may have had. */
  join(call: AgentCall, { description, held }: Greeting): AgentSession {
    const { registry, ledger, packets, rules, logger, version, limits = SESSION_LIMITS } = this.options;
    const { id: hostId } = description;
    this.#replace(hostId);
    const { rebooted, labels } = registry.connect(description);
    if (rebooted) ledger.forgetEpochs(hostId);
    const sync = new SyncState({
      held,
      refused: registry.refusals(hostId),
      wanted: this.#wantedBy(labels),
      setOf: (name) => this.#catalog.set(name),
      nextNonce: this.#nextNonce,
      onStanding: (policy, before, after) => this.#stands(hostId, policy, { before, after }),
    });
    const startRevision = this.#catalog.revision;
    const pump = this.#pump;
    const session = new AgentSession({
      call,
      hostId,
      sync,
      startRevision,
      registry,
      ledger,
      bindingReader: this.#bindingReader,
      packets,
      rules,
      pump,
      logger,
      limits,
    });
    this.#sessions.set(hostId, session);
    this.#index.set(hostId, labels);
    session.send(encodeWelcome(version));
    if (this.#statsInterval.hasGrown(this.#sessions.size)) this.#tellInterval();
    else if (!this.#statsInterval.isUsual) session.send(encodeSettings(this.#statsInterval.ms));
    logger.info({ host: hostId, held: held.size, due: sync.startLength - 1 }, 'host connected');
    return session;
  }

  /** The session's stream has ended, whoever ended it. */
  leave(hostId: string, session: AgentSession): void {
    session.end();
    if (this.#sessions.get(hostId) !== session) return;
    this.#sessions.delete(hostId);
    this.#index.delete(hostId);
    this.options.registry.disconnect(hostId);
    this.options.logger.info({ host: hostId }, 'host disconnected');
  }

  /** Ends the stream of a host, if it has one, with an error for its agent. */
  cut(hostId: string, why: RpcError): void {
    const session = this.#sessions.get(hostId);
    if (session === undefined) return;
    session.end(why);
    this.leave(hostId, session);
  }

  /** The labels of a host are others now: what reaches it, too. */
  relabel(hostId: string): void {
    const session = this.#sessions.get(hostId);
    const labels = this.options.registry.labels(hostId);
    if (session === undefined || labels === undefined) return;
    const before = this.#index.labels(hostId) ?? new Map<string, string>();
    this.#index.set(hostId, labels);
    const revision = this.#catalog.revision;
    for (const { selector, item } of this.#catalog.entries()) {
      const [was, is] = [selectsHost(selector, before), selectsHost(selector, labels)];
      if (was !== is) session.want(item.name, is ? item : undefined, revision);
    }
    session.retryRefused(revision);
  }

  /** Asks the live ruleset of a host; undefined when its agent is not connected. */
  explain(hostId: string, question: PacketQuestion, timeoutMs: number): Promise<Explained> | undefined {
    return this.#sessions.get(hostId)?.explain(question, timeoutMs);
  }

  #tellInterval(): void {
    const settings = encodeSettings(this.#statsInterval.ms);
    for (const session of this.#sessions.values()) session.send(settings);
  }

  #replace(hostId: string): void {
    this.cut(hostId, new RpcError(status.ABORTED, 'another stream of this host has replaced this one'));
  }

  #wantedBy(labels: Labels): PolicyItem[] {
    return [...this.#catalog.entries()]
      .filter(({ selector }) => selectsHost(selector, labels))
      .map(({ item }) => item);
  }

  /** Tells every connected host that the change concerns. */
  #spread({ name, before, after }: CatalogChange): void {
    this.options.onPolicy(name, after?.policy);
    this.options.registry.setWanted(name, after?.policy);
    const revision = this.#catalog.revision;
    const now = new Set(after && this.#index.select(after.selector));
    const former = before === undefined ? [] : this.#index.select(before.selector);
    for (const hostId of now) {
      // Before the host is told: what it reports then is newer.
      this.options.registry.anticipate(hostId, name);
      this.#sessions.get(hostId)?.want(name, after?.item, revision);
    }
    for (const hostId of former) {
      if (!now.has(hostId)) this.#sessions.get(hostId)?.want(name, undefined, revision);
    }
  }

  #spreadSet(name: string): void {
    for (const session of this.#sessions.values()) session.wantSet(name, this.#catalog.revision);
  }

  #stands(hostId: string, policy: string, { before, after }: { before: Standing; after: Standing }): void {
    this.options.registry.reach.move(policy, before, after);
    if (before === 'unwanted' && after === 'behind') this.options.registry.anticipate(hostId, policy);
    if (after === 'unwanted') this.options.registry.forgetAnticipated(hostId, policy);
  }
}

/** Never gives a number twice; the upper half is drawn anew for each process. */
function nonceSource(): () => bigint {
  const run = randomBytes(4).readUInt32BE();
  let last = BigInt(run) << 32n;
  return () => (last += 1n);
}
