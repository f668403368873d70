#!/usr/bin/env node
/** nsgate-controller: the only wiring. Parts start in order, each on those before it, and stop in reverse. */
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setLogger } from '@grpc/grpc-js';
import { identityUri, ruleKey } from '@nsgate/proto';
import { HealthImplementation } from 'grpc-health-check';
import { destination, pino, type Logger } from 'pino';
import { LiveAccess } from './access/live-access';
import { readMethodRules } from './access/method-rules';
import { AgentHub } from './agent-stream/agent-hub';
import { agentStreamService } from './agent-stream/agent-service';
import { AuditLog } from './audit/audit-log';
import { NothingToStart, readConfig, type Config } from './config/config';
import { FileWatch } from './file-watch';
import { letHeapGrow } from './heap-growth';
import { LiveAuthority } from './enrolment/live-authority';
import { EnrolmentDesk } from './enrolment/enrolment-desk';
import { EnrolmentRecords } from './enrolment/enrolment-records';
import { SqliteHostRecords } from './host-registry/host-records';
import { HostRegistry } from './host-registry/host-registry';
import { buildInfo } from './metrics/build-info';
import { certificateMetrics } from './metrics/certificate-metrics';
import { hostMetrics } from './metrics/host-metrics';
import { MetricsServer } from './metrics/metrics-server';
import { policyMetrics } from './metrics/policy-metrics';
import { processMetrics } from './metrics/process-metrics';
import { trafficMetrics } from './metrics/traffic-metrics';
import type { Labels } from './model/selector';
import { addressSetService } from './operator-api/address-set-service';
import { auditService } from './operator-api/audit-service';
import { enrollmentService } from './operator-api/enrollment-service';
import { Failsafe } from './operator-api/failsafe';
import { fleetService } from './operator-api/fleet-service';
import { policyService } from './operator-api/policy-service';
import { resourceService } from './operator-api/resource-service';
import { statsService } from './operator-api/stats-service';
import { SqlitePolicyStore } from './policy-store/sqlite-policy-store';
import { CallRecorder } from './rpc/call-recorder';
import { Gatekeeper } from './rpc/gatekeeper';
import { builtDescriptorPaths, readDescriptors, readDescriptorSet } from './rpc/reflection';
import { describeListener, RpcServer, type Listener } from './rpc/rpc-server';
import type { OfferedService } from './rpc/service';
import { TlsCredentials } from './rpc/tls-credentials';
import { causeOf, StartupError } from './startup-error';
import { CounterLedger } from './stats/counter-ledger';
import type { CellKind } from './stats/counters';
import { HistoryRecorder } from './stats/history-recorder';
import { HistoryStore } from './stats/history-store';
import { PacketLog } from './stats/packet-log';
import { RuleDirectory } from './stats/rule-directory';
import type { GroupedView } from './stats/grouped-view';
import { StatsFeed } from './stats/stats-feed';
import { EVERYTHING, type StatsDimension } from './stats/stats-grouping';
import { readVersion } from './version';
import { WebServer } from './web/web-server';

const NO_LABELS: Labels = new Map();

/** How soon a stream ends whose caller may not have it any more, beside the second within which the access file is read again. */
const REVIEW_MS = 2000;
const DAY_MS = 86_400_000;

/** How long calls that run may go on once the controller is asked to stop. */
const GRACE_MS = 4000;

/** What has started, to be stopped in reverse. */
class Started {
  readonly #stops: (() => void | Promise<void>)[] = [];

  add(stop: () => void | Promise<void>): void {
    this.#stops.unshift(stop);
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops.splice(0)) await stop();
  }
}

async function start(config: Config, logger: Logger, started: Started): Promise<void> {
  const version = readVersion();
  const access = startAccess({ config, logger, started });
  const store = new SqlitePolicyStore({ folder: config.dataDir });
  started.add(() => store.close());
  const records = new SqliteHostRecords(config.dataDir);
  started.add(() => records.close());

  const registry = new HostRegistry(records);
  const rules = new RuleDirectory(ruleKey);
  const ledger = new CounterLedger({
    rules,
    onOddity: (oddity) => logger.warn(oddity, 'counts that cannot be kept'),
  });
  const packets = new PacketLog();
  const hub = new AgentHub({
    store,
    registry,
    ledger,
    packets,
    rules,
    logger,
    version,
    onPolicy: (name, policy) => {
      if (policy === undefined) rules.remove(name);
      else rules.put(policy);
    },
  });
  await hub.start();
  started.add(() => hub.stop());
  const audit = orStartupError(() => new AuditLog(config.audit));
  started.add(() => audit.close());

  const authority = await openAuthority(config);
  const { desk, records: enrolments } = startEnrolment({ config, logger, started }, authority);
  const history = startHistory({ config, logger, started }, { ledger, rules });

  const labelsOf = (hostId: string): Labels => registry.labels(hostId) ?? NO_LABELS;
  const feed = new StatsFeed({ ledger, labelsOf, onWatched: (watched) => hub.setWatched(watched) });
  const failsafe = new Failsafe(registry, controllerPort(config));
  const services = [
    policyService({ store, registry, failsafe, logger }),
    addressSetService(store),
    resourceService({ store, failsafe, logger }),
    fleetService({ registry, store, hub, logger }),
    statsService({ feed, ledger, rules, packets, history, labelsOf }),
    agentStreamService(hub, logger),
    auditService(audit),
    enrollmentService({ desk, records: enrolments, registry, hub }),
  ];
  const gatekeeper = new Gatekeeper({
    rules: readMethodRules(readDescriptorSet(builtDescriptorPaths()[0])),
    recorder: new CallRecorder(audit),
    ...{ access, audit, hosts: enrolments, trustDomain: config.trustDomain, logger },
    callLimits: config.limits.calls,
  });
  reviewCalls(gatekeeper, started);
  await serve({ config, logger, services, started, gatekeeper, authority });
  await serveWeb({ config, logger, started }, { services, access, authority });
  await serveMetrics({ config, logger, started }, { registry, ledger, feed, rules, packets, authority });
  logger.info({ version, dataDir: config.dataDir }, 'controller is ready');
}

function reviewCalls(gatekeeper: Gatekeeper, started: Started): void {
  const timer = setInterval(() => void gatekeeper.review(), REVIEW_MS);
  started.add(() => clearInterval(timer));
}

interface Starting {
  readonly config: Config;
  readonly logger: Logger;
  readonly started: Started;
}

/** Reads the access file, and again when it changes, and at SIGHUP. */
function startAccess({ config, logger, started }: Starting): LiveAccess {
  const path = config.accessFile;
  const access = orStartupError(() => new LiveAccess(path));
  if (path === undefined) return access;
  const paths = { [Symbol.iterator]: () => access.files() };
  reloadOnChange({ paths, what: 'access file', reload: () => access.reload(), logger, started });
  return access;
}

/** What was counted, step by step, kept over restarts. */
function startHistory(
  { config, logger, started }: Starting,
  counted: { ledger: CounterLedger; rules: RuleDirectory },
): HistoryStore {
  const store = new HistoryStore(config.dataDir);
  started.add(() => store.close());
  const recorder = new HistoryRecorder({
    ...counted,
    store,
    onFault: (error) => logger.error({ err: error }, 'statistics of a step could not be kept'),
  });
  recorder.start();
  started.add(() => recorder.stop());
  return store;
}

function startEnrolment(
  { config, started }: Starting,
  authority: LiveAuthority | undefined,
): { desk: EnrolmentDesk; records: EnrolmentRecords } {
  const records = new EnrolmentRecords(config.dataDir);
  started.add(() => records.close());
  const desk = new EnrolmentDesk({
    records,
    authority: () => authority?.current,
    hostUri: (id) => identityUri({ kind: 'host', id }, config.trustDomain),
    certificateLifetimeMs: config.certificateLifetimeMs,
  });
  return { desk, records };
}

interface Reloading {
  readonly paths: Iterable<string>;
  readonly what: string;
  readonly reload: () => void;
  readonly logger: Logger;
  readonly started: Started;
}

function reloadOnChange({ paths, what, reload, logger, started }: Reloading): void {
  const again = (): void => {
    try {
      reload();
      logger.info({ files: [...paths] }, `${what} read again`);
    } catch (error) {
      logger.error({ err: error, files: [...paths] }, `${what} cannot be used; what was read before goes on`);
    }
  };
  const watch = new FileWatch(paths, again);
  process.on('SIGHUP', again);
  started.add(() => {
    watch.close();
    process.off('SIGHUP', again);
  });
}

function orStartupError<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw new StartupError(causeOf(error), { cause: error });
  }
}

/** Where agents connect to, unless something stands between. */
function controllerPort({ tcp }: Config): number | undefined {
  const port = Number(/:(\d+)$/.exec(tcp?.address ?? '')?.[1] ?? 0);
  return port === 0 ? undefined : port;
}

interface Serving extends Starting {
  readonly services: readonly OfferedService[];
  readonly gatekeeper: Gatekeeper;
  readonly authority: LiveAuthority | undefined;
}

async function serve({ config, logger, services, started, gatekeeper, authority }: Serving): Promise<void> {
  const health = new HealthImplementation();
  const names = ['', ...services.map(({ name }) => name)];
  const descriptors = builtDescriptorPaths().flatMap(readDescriptors);
  const servers: RpcServer[] = [];
  started.add(async () => {
    await Promise.all(servers.map((server) => server.stop(GRACE_MS)));
  });
  for (const listener of listeners({ config, logger, started }, authority)) {
    const server = new RpcServer({
      ...{ listener, services, health, descriptors, gatekeeper, logger },
      connectionLimits: config.limits.connections,
    });
    const port = await server.listen();
    servers.push(server);
    logger.info({ ...describeListener(listener), port }, 'listening');
  }
  for (const name of names) health.setStatus(name, 'SERVING');
  started.add(() => names.forEach((name) => health.setStatus(name, 'NOT_SERVING')));
}

interface WebParts {
  readonly services: readonly OfferedService[];
  readonly access: LiveAccess;
  readonly authority: LiveAuthority | undefined;
}

/** The page asks the services that operators ask. */
async function serveWeb(
  { config, logger, started }: Starting,
  { services, access, authority }: WebParts,
): Promise<void> {
  if (config.web === undefined || authority === undefined) return;
  const [descriptorPath] = builtDescriptorPaths();
  const { trustDomain } = config;
  const served = { ...config.web, tls: authority.files, access, trustDomain, version: readVersion() };
  const server = new WebServer({ ...served, services, descriptorPath, logger });
  const port = await server.listen();
  started.add(() => server.stop());
  const what = 'certificates of the web page';
  reloadOnChange({ paths: authority.watched, what, reload: () => server.reload(), logger, started });
  logger.info({ transport: 'https', address: config.web.address, port }, 'listening');
}

interface Measured {
  readonly registry: HostRegistry;
  readonly ledger: CounterLedger;
  readonly feed: StatsFeed;
  readonly rules: RuleDirectory;
  readonly packets: PacketLog;
  readonly authority: LiveAuthority | undefined;
}

async function serveMetrics(
  { config, logger, started }: Starting,
  { registry, ledger, feed, rules, packets, authority }: Measured,
): Promise<void> {
  if (config.metrics === undefined) return;
  const { address, maxHosts, maxPolicies, maxRules } = config.metrics;
  const viewBy = (dimension: StatsDimension, of: CellKind): GroupedView =>
    feed.keep({ filter: EVERYTHING, groupBy: new Set([dimension]), labelKeys: [] }, of);
  const sources = [
    buildInfo(readVersion()),
    ...(authority === undefined ? [] : [certificateMetrics(authority.files)]),
    hostMetrics({ registry, maxHosts }),
    policyMetrics({
      policies: () => rules.policies(),
      summary: (policy) => registry.summary(policy),
      maxPolicies,
    }),
    trafficMetrics({ ledger, viewBy, rules, packets, maxHosts, maxRules }),
  ];
  const server = new MetricsServer({ address, sources, process: processMetrics(), logger });
  const port = await server.listen();
  started.add(() => server.stop());
  logger.info({ transport: 'http', address, port }, 'metrics are told');
}

function listeners(
  { config: { socket, tcp }, logger, started }: Starting,
  authority: LiveAuthority | undefined,
): Listener[] {
  makeFolder(dirname(socket));
  const local: Listener = { transport: 'unix-socket', path: socket };
  if (tcp === undefined || authority === undefined) return [local];
  const credentials = orStartupError(() => new TlsCredentials(authority.files));
  const reload = (): void => {
    credentials.reload();
    void authority.reload().catch((error: unknown) => {
      logger.error({ err: error }, 'the CA cannot be used; what was read before goes on');
    });
  };
  reloadOnChange({ paths: authority.watched, what: 'certificates', reload, logger, started });
  refreshDaily(authority, { logger, started });
  return [local, { transport: 'tls', address: tcp.address, credentials }];
}

/** A new certificate is taken up as any that is put there. */
function refreshDaily(authority: LiveAuthority, { logger, started }: Omit<Starting, 'config'>): void {
  const refresh = (): void => {
    authority.refresh().catch((error: unknown) => {
      logger.error({ err: error }, "the controller's own certificate could not be made anew");
    });
  };
  const timer = setInterval(refresh, DAY_MS).unref();
  started.add(() => clearInterval(timer));
}

/** Undefined without TCP. */
async function openAuthority(config: Config): Promise<LiveAuthority | undefined> {
  if (config.tcp === undefined) return undefined;
  try {
    return await LiveAuthority.open(config.tcp.authority, join(config.dataDir, 'ca'));
  } catch (error) {
    throw new StartupError(causeOf(error), { cause: error });
  }
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o755 });
  } catch (error) {
    throw new StartupError(`cannot make the folder of the socket: ${causeOf(error)}`, { cause: error });
  }
}

async function main(): Promise<void> {
  letHeapGrow();
  const config = readConfig(process.argv.slice(2), readVersion());
  const logger = pino({ level: config.logLevel }, destination({ fd: 2, sync: true }));
  // It would write to stderr by itself what is told in the controller's own words.
  setLogger({ error: (message: unknown) => logger.debug({ grpc: String(message) }, 'grpc') });
  const started = new Started();
  const signalled = new Promise<string>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  try {
    await start(config, logger, started);
    logger.info({ signal: await signalled }, 'controller is stopping');
  } finally {
    await started.stop();
  }
  logger.info('controller has stopped');
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    if (error instanceof NothingToStart) process.exit(0);
    const shown = error instanceof StartupError ? error.message : ((error as Error).stack ?? String(error));
    process.stderr.write(`nsgate-controller: ${shown}\n`);
    process.exit(1);
  },
);
