/** The running agent: the one place where its parts are made and joined, started in order and stopped in reverse. */
import { setPriority } from 'node:os';
import { Backoff } from '@nsgate/proto';
import type { Logger } from 'pino';
import { ConfigFault, type Config } from './config/config';
import { readCommandLine } from './config/command-line';
import { bootId, initialNamespaceInode, kernelRelease } from './config/host-facts';
import { ControllerDesk } from './controller-client/certificate-desk';
import { ControllerClient } from './controller-client/controller-client';
import { decodePolicy } from './controller-client/policy-message';
import type { Introduction } from './controller-client/session';
import { AddressSetFiles } from './desired-state/address-set-files';
import { DesiredState } from './desired-state/desired-state';
import { Intake } from './desired-state/intake';
import { comparePolicies, literalNames, selects, type Policy } from './desired-state/policy';
import { StateFile } from './desired-state/state-file';
import {
  authorOfDefault,
  explain,
  statedDefault,
  type Explanation,
  type PacketQuestion,
} from './explain/explain';
import { HostEvents } from './host-events/host-events';
import { EnrolledIdentity } from './identity/enrolled-identity';
import type { HostIdentity } from './identity/host-identity';
import { KeptCredentials } from './identity/kept-credentials';
import { SiteIdentity } from './identity/site-identity';
import { openKernelDevice, type KernelDevice } from './kernel-device';
import { moduleVersion } from './kernel-device/module-version';
import { LocalServer } from './local-api/local-server';
import { Metrics } from './local-api/metrics';
import { namespaceLines, type AgentStatus } from './local-api/status';
import { AllSources } from './namespaces/all-sources';
import { inodeOf } from './namespaces/namespace-entry';
import { NamespaceResolver } from './namespaces/namespace-resolver';
import { NetnsFolder } from './namespaces/netns-folder';
import { ProcessNamespaces } from './namespaces/process-namespaces';
import { KernelEvents } from './reconcile/kernel-events';
import { KernelWatch } from './reconcile/kernel-watch';
import { tryOut } from './reconcile/policy-trial';
import type { Reality } from './reconcile/reality';
import { Reconciler } from './reconcile/reconciler';
import { ServiceManager } from './service-manager/notify';
import { BindingNames } from './stats/binding-names';
import { BootClock, bootTimeMs } from './stats/boot-clock';
import { sampleOf } from './stats/packet-sample';
import { PacketSamples } from './stats/packet-samples';
import { StatsReader } from './stats/stats-reader';
import { AGENT_VERSION } from './version';

const RESCAN_MS = 2_000;
const KERNEL_WATCH_MS = 500;
/** How often it is looked whether the disk takes changes again. */
const STORING_RETRY_MS = 5_000;

export class Agent {
  readonly #log: Logger;
  #labels: Record<string, string>;
  readonly #events: HostEvents;
  readonly #packets: PacketSamples;
  readonly #bindingNames: BindingNames;
  readonly #desired: DesiredState;
  readonly #intake: Intake;
  readonly #namespaces: NamespaceResolver;
  readonly #reconciler: Reconciler;
  readonly #kernelWatch: KernelWatch;
  readonly #kernelEvents: KernelEvents;
  readonly #identity: HostIdentity;
  readonly #client: ControllerClient;
  readonly #metrics: Metrics;
  readonly #local: LocalServer;
  readonly #serviceManager: ServiceManager;
  #storingRetry: NodeJS.Timeout | undefined;
  readonly #onHangup = (): void => this.#reload();

  constructor(
    private readonly config: Config,
    log: Logger,
  ) {
    this.#log = log;
    this.#labels = config.label;
    this.#events = new HostEvents(log);
    this.#packets = this.#makePacketSamples();
    this.#bindingNames = new BindingNames({ folder: config.stateDir, bootId: bootId(), log });
    this.#desired = this.#makeDesiredState();
    this.#namespaces = this.#makeNamespaces();
    this.#metrics = new Metrics({ status: () => this.#status(), events: this.#events });
    this.#reconciler = this.#makeReconciler();
    this.#kernelEvents = this.#makeKernelEvents();
    this.#kernelWatch = this.#makeKernelWatch();
    this.#intake = this.#makeIntake();
    this.#identity = this.#makeIdentity();
    this.#client = this.#makeClient();
    const { socket, metricsListen } = config;
    const status = (): AgentStatus => this.#status();
    this.#local = new LocalServer({ socket, metricsListen, status, metrics: this.#metrics, log });
    this.#serviceManager = new ServiceManager({ env: process.env, log, isAlive: () => true });
  }

  /** What is enforced comes before whom to tell of it. */
  start(): void {
    this.#takePriority();
    this.#desired.load();
    this.#bindingNames.load();
    this.#demandCredentials();
    this.#namespaces.start();
    this.#reconciler.run();
    // Not from within the pass that notes it.
    this.#events.listen(() => setImmediate(() => this.#client.report()));
    this.#kernelEvents.start();
    this.#kernelWatch.start();
    this.#local.start();
    this.#identity.start();
    this.#client.start();
    // Where nothing can be stored, that is told before there is anything to store.
    void this.#desired.canStore();
    this.#storingRetry = setInterval(() => void this.#retryStoring(), STORING_RETRY_MS).unref();
    process.on('SIGHUP', this.#onHangup);
    this.#serviceManager.ready(this.#summary());
  }

  #takePriority(): void {
    const { nice } = this.config;
    try {
      setPriority(nice);
    } catch (error) {
      this.#log.warn({ nice, err: error }, 'cannot take this priority: it needs CAP_SYS_NICE');
    }
  }

  async stop(): Promise<void> {
    process.off('SIGHUP', this.#onHangup);
    const told = this.#serviceManager.stopping();
    clearInterval(this.#storingRetry);
    await this.#client.stop();
    this.#identity.stop();
    this.#local.stop();
    this.#kernelWatch.stop();
    this.#kernelEvents.stop();
    await this.#intake.idle();
    this.#reconciler.stop();
    this.#namespaces.stop();
    this.#bindingNames.stop();
    await told;
  }

  readonly #openKernel = (): KernelDevice => openKernelDevice(this.config.device);

  #makeDesiredState(): DesiredState {
    return new DesiredState({
      file: new StateFile(this.config.stateDir),
      setFiles: new AddressSetFiles(this.config.stateDir),
      decode: decodePolicy,
      log: this.#log,
      onFault: (detail) => this.#events.note('state-file', detail),
    });
  }

  #makeNamespaces(): NamespaceResolver {
    const source = new AllSources({
      folder: new NetnsFolder(this.config.netnsDir, this.#log),
      processes: new ProcessNamespaces(() => literalNames(this.#desired.policies.values())),
    });
    return new NamespaceResolver({
      source,
      initialInode: () => this.#reconciler.initialInode ?? initialNamespaceInode(),
      allowInitial: this.config.allowInitialNamespace,
      rescanMs: RESCAN_MS,
      log: this.#log,
      onChange: (names) => this.#reconciler.markDirty(names),
    });
  }

  #makeReconciler(): Reconciler {
    return new Reconciler({
      desired: this.#desired,
      namespaces: this.#namespaces,
      openKernel: this.#openKernel,
      readEvents: () => this.#kernelEvents.readNow(),
      allowInitial: this.config.allowInitialNamespace,
      quarantine: this.config.quarantine,
      quarantineReleaseMs: this.config.quarantineReleaseAfter,
      backoff: new Backoff({ initialMs: 200, maxMs: 30_000 }),
      log: this.#log,
      events: this.#events,
      onReality: () => {
        this.#bindingNames.note(namesByBirth(this.#reconciler.reality));
        this.#client.report();
      },
      onPass: (kind, durationMs) => this.#metrics.observePass(kind, durationMs),
    });
  }

  #makePacketSamples(): PacketSamples {
    return new PacketSamples({
      clock: new BootClock(),
      names: () => namesByBirth(this.#reconciler.reality),
      authorOfDefault: (namespace, hook) => authorOfDefault(hook, this.#policiesOf(namespace))?.policy.name,
    });
  }

  #makeKernelEvents(): KernelEvents {
    return new KernelEvents({
      openKernel: this.#openKernel,
      log: this.#log,
      onEvents: (events, lost) => {
        if (events.some(({ type }) => type === 'born')) this.#namespaces.expectMount();
        this.#reconciler.noteEvents(events, lost);
        const packets = events.filter((event) => event.type === 'packet');
        this.#packets.note(packets, lost);
        for (const packet of packets) this.#log.info(sampleOf(packet), 'packet');
      },
    });
  }

  #makeKernelWatch(): KernelWatch {
    return new KernelWatch({
      openKernel: this.#openKernel,
      intervalMs: KERNEL_WATCH_MS,
      seen: () => this.#reconciler.kernelSeen,
      onChange: () => this.#reconciler.markDirty(),
      onLook: ({ instance }) => this.#kernelEvents.renew(instance),
    });
  }

  #makeIntake(): Intake {
    return new Intake({
      desired: this.#desired,
      tryOut: (policies) => tryOut(policies, { openKernel: this.#openKernel, log: this.#log }),
      log: this.#log,
      onChange: () => {
        // A policy may name a process that nobody has looked at yet.
        this.#namespaces.recheckWanted([...literalNames(this.#desired.policies.values())]);
        this.#reconciler.markDirty();
      },
    });
  }

  #makeClient(): ControllerClient {
    const stats = new StatsReader({
      openKernel: this.#openKernel,
      names: () => namesByBirth(this.#reconciler.reality),
      formerName: (birth) => this.#bindingNames.find(birth),
      defaultOf: (namespace, hook) => statedDefault(hook, this.#policiesOf(namespace)),
      bootTimeMs,
    });
    const credentials = new KeptCredentials();
    return new ControllerClient({
      ...this.#controllers(),
      credentials: () => credentials.of(this.#identity.material()),
      onVerdict: (verdict) =>
        verdict === 'revoked' ? this.#identity.noteRevoked() : this.#identity.noteAccepted(),
      introduce: () => this.#introduce(),
      agent: {
        submit: (change) => this.#intake.submit(change),
        reality: () => this.#reconciler.reality,
        readStats: () => stats.read(),
        startStatsOver: () => stats.startOver(),
        takeEvents: () => this.#events.take(),
        takePackets: () => this.#packets.take(),
        explain: (question) => this.#explain(question),
      },
      log: this.#log,
    });
  }

  #controllers(): { addresses: readonly string[]; serverName?: string } {
    const { controller: addresses, tlsServerName } = this.config;
    return { addresses, ...(tlsServerName === undefined ? {} : { serverName: tlsServerName }) };
  }

  #makeIdentity(): HostIdentity {
    const { identity, hostId } = this.config;
    if (identity.kind === 'site') return new SiteIdentity(identity);
    const { folder, tokenFile } = identity;
    return new EnrolledIdentity({
      ...{ hostId, folder, tokenFile, env: process.env, log: this.#log },
      desk: new ControllerDesk(this.#controllers()),
      // What signs requests is loaded where there is something to sign.
      makeRequest: async (id) => (await import('./identity/key-request.js')).makeKeyRequest(id),
      backoff: new Backoff({ initialMs: 1000, maxMs: 300_000 }),
      onChange: () => this.#client.reconnect(),
    });
  }

  /** A host that has something to enforce does so, whatever has become of its certificate. */
  #demandCredentials(): void {
    try {
      this.#identity.demand();
    } catch (error) {
      if (this.#desired.policies.size === 0) throw new ConfigFault((error as Error).message);
      this.#log.error({ err: error }, 'no controller can be connected to; what is on disk is enforced');
    }
  }

  #introduce(): Introduction {
    const { policies, sets } = this.#desired;
    return {
      hostId: this.config.hostId,
      labels: this.#labels,
      agentVersion: AGENT_VERSION,
      moduleVersion: moduleVersion(this.#openKernel),
      kernelRelease: kernelRelease(),
      bootId: bootId(),
      held: [...policies.values()].map(({ name, digest, revision }) => ({ name, digest, revision })),
      heldSets: [...sets.values()].map(({ name, uid, revision }) => ({ name, uid, revision })),
    };
  }

  #explain(question: PacketQuestion): Explanation {
    const entry = this.#namespaces.entry(question.namespace);
    const policies = this.#policiesOf(question.namespace);
    const kernel = this.#openKernel();
    try {
      return explain(question, { kernel, inode: entry && inodeOf(entry), policies });
    } finally {
      kernel.close();
    }
  }

  /** In the order in which they compose. */
  #policiesOf(namespace: string): Policy[] {
    return [...this.#desired.policies.values()]
      .filter((policy) => selects(policy, namespace))
      .sort(comparePolicies);
  }

  #status(): AgentStatus {
    const { controller, state, reason, synced } = this.#client.status;
    const { policies, sets, completeness, storingFault } = this.#desired;
    return {
      hostId: this.config.hostId,
      version: AGENT_VERSION,
      labels: this.#labels,
      controller: {
        ...{ controller, state, reason },
        revision: synced?.revision.toString(),
        lastSync: synced?.time.toISOString(),
      },
      identity: this.#identity.status,
      kernel: { obstacle: this.#reconciler.obstacle, seen: this.#reconciler.kernelSeen },
      state: {
        ...{
          complete: completeness === 'complete',
          policies: policies.size,
          addressSets: sets.size,
          storingFault,
        },
      },
      namespaces: namespaceLines(this.#reconciler.reality),
    };
  }

  #summary(): string {
    const { policies } = this.#desired;
    return `${policies.size} policies, ${this.#reconciler.reality.namespaces.size} namespaces`;
  }

  /** Labels are taken up; everything else waits for the next start. */
  #reload(): void {
    this.#serviceManager.reloading();
    try {
      const line = readCommandLine(process.argv.slice(2), AGENT_VERSION);
      if (line === undefined) return;
      this.#labels = line.config.label;
      this.#log.info({ labels: this.#labels }, 'labels read again');
      this.#client.reconnect();
    } catch (error) {
      this.#log.error({ err: error }, 'the settings cannot be read; those before stay');
    }
    this.#serviceManager.ready(this.#summary());
  }

  /** Once changes can be stored again, the controller is asked for what was refused. */
  async #retryStoring(): Promise<void> {
    if (this.#desired.storingFault === undefined) return;
    if (await this.#desired.canStore()) this.#client.reconnect();
  }
}

function namesByBirth({ namespaces }: Reality): Map<bigint, string> {
  const named = [...namespaces].flatMap(([name, { entry, kernel }]): [bigint, string][] =>
    (entry.state === 'ready' || entry.state === 'lingering') && kernel !== undefined && kernel.birth !== 0n
      ? [[kernel.birth, name]]
      : [],
  );
  return new Map(named);
}
