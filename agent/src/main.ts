#!/usr/bin/env node
/** The agent: the one place where its parts are made and joined, started in order and stopped in reverse. */
import { Backoff, clientCredentials } from '@nsgate/proto';
import pino, { type Logger } from 'pino';
import { ConfigFault, readConfig, type Config } from './config/config';
import {
  bootId,
  demandFolder,
  demandNetAdmin,
  initialNamespaceInode,
  kernelRelease,
} from './config/host-facts';
import { ControllerClient } from './controller-client/controller-client';
import type { Introduction } from './controller-client/session';
import { decodePolicy } from './controller-client/policy-message';
import { DesiredState } from './desired-state/desired-state';
import { PolicyIntake } from './desired-state/policy-intake';
import { StateFile } from './desired-state/state-file';
import { KernelUnavailable, openKernelDevice, type KernelDevice } from './kernel-device';
import { NamespaceResolver } from './namespaces/namespace-resolver';
import { NetnsFolder } from './namespaces/netns-folder';
import { KernelWatch } from './reconcile/kernel-watch';
import { tryOut } from './reconcile/policy-trial';
import type { Reality } from './reconcile/reality';
import { Reconciler } from './reconcile/reconciler';
import { StatsReader } from './stats/stats-reader';
import { AGENT_VERSION } from './version';

const RESCAN_MS = 2_000;
const KERNEL_WATCH_MS = 500;

async function main(): Promise<void> {
  const config = readConfig(process.argv.slice(2), AGENT_VERSION);
  if (config === undefined) return;
  const log = pino({ level: config.logLevel, base: { host: config.hostId } }, pino.destination(2));
  const file = await checkHost(config);
  const stopAgent = startAgent(config, file, log);
  const signal = await new Promise<string>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  log.info({ signal }, 'stopping; what is enforced stays');
  await stopAgent();
}

/** Everything that can be wrong with the host is found before anything is started. */
async function checkHost(config: Config): Promise<StateFile> {
  demandNetAdmin();
  credentialsOf(config);
  demandFolder('--state-dir', config.stateDir);
  const file = new StateFile(config.stateDir);
  await file.demandWritable().catch((error: unknown) => {
    throw new ConfigFault(`--state-dir: ${(error as Error).message}`);
  });
  return file;
}

/** Starts in order; gives what stops in reverse. */
function startAgent(config: Config, file: StateFile, log: Logger): () => Promise<void> {
  const desired = new DesiredState({ file, decode: decodePolicy, log });
  const { namespaces, reconciler, kernelWatch } = enforcement(config, desired, log, () => client.report());
  const intake = new PolicyIntake({
    desired,
    tryOut: (policies) => tryOut(policies, { openKernel: () => openKernelDevice(config.device), log }),
    log,
    onChange: () => reconciler.markDirty(),
  });
  const client: ControllerClient = controllerClient(config, { desired, intake, reconciler, log });

  loadState(desired);
  namespaces.start();
  reconciler.run();
  kernelWatch.start();
  client.start();
  return async () => {
    await client.stop();
    kernelWatch.stop();
    await intake.idle();
    reconciler.stop();
    namespaces.stop();
  };
}

function loadState(desired: DesiredState): void {
  try {
    desired.load();
  } catch (error) {
    throw new ConfigFault(`--state-dir: ${(error as Error).message}`);
  }
}

interface Enforcement {
  namespaces: NamespaceResolver;
  reconciler: Reconciler;
  kernelWatch: KernelWatch;
}

/** The half that works without any controller. */
function enforcement(config: Config, desired: DesiredState, log: Logger, onReality: () => void): Enforcement {
  const { allowInitialNamespace: allowInitial } = config;
  const openKernel = (): KernelDevice => openKernelDevice(config.device);
  const namespaces = new NamespaceResolver({
    source: new NetnsFolder(config.netnsDir, log),
    initialInode: () => reconciler.initialInode ?? initialNamespaceInode(),
    allowInitial,
    rescanMs: RESCAN_MS,
    log,
    onChange: () => reconciler.markDirty(),
  });
  const reconciler: Reconciler = new Reconciler({
    desired,
    namespaces,
    openKernel,
    allowInitial,
    backoff: new Backoff({ initialMs: 200, maxMs: 30_000 }),
    log,
    onReality,
  });
  const onKernelChange = (): void => {
    namespaces.recheck();
    reconciler.markDirty();
  };
  const kernelWatch = new KernelWatch({
    openKernel,
    intervalMs: KERNEL_WATCH_MS,
    seen: () => reconciler.kernelSeen,
    onChange: onKernelChange,
  });
  return { namespaces, reconciler, kernelWatch };
}

interface ClientParts {
  desired: DesiredState;
  intake: PolicyIntake;
  reconciler: Reconciler;
  log: Logger;
}

function controllerClient(
  config: Config,
  { desired, intake, reconciler, log }: ClientParts,
): ControllerClient {
  const openKernel = (): KernelDevice => openKernelDevice(config.device);
  const stats = new StatsReader({ openKernel, names: () => namesByBirth(reconciler.reality) });
  return new ControllerClient({
    addresses: config.controller,
    credentials: () => credentialsOf(config),
    serverName: config.tlsServerName,
    introduce: () => introduce(config, desired),
    agent: {
      submit: (change) => intake.submit(change),
      reality: () => reconciler.reality,
      readStats: () => stats.read(),
      startStatsOver: () => stats.startOver(),
    },
    log,
  });
}

function credentialsOf({ tlsCa, tlsCert, tlsKey }: Config): ReturnType<typeof clientCredentials> {
  try {
    return clientCredentials({ ca: tlsCa, cert: tlsCert, key: tlsKey });
  } catch (error) {
    throw new ConfigFault((error as Error).message);
  }
}

function introduce(config: Config, desired: DesiredState): Introduction {
  return {
    hostId: config.hostId,
    labels: config.label,
    agentVersion: AGENT_VERSION,
    moduleVersion: moduleVersion(config.device),
    kernelRelease: kernelRelease(),
    bootId: bootId(),
    held: [...desired.policies.values()].map(({ name, digest, revision }) => ({ name, digest, revision })),
    heldSets: [],
  };
}

function moduleVersion(device: string): string {
  try {
    const kernel = openKernelDevice(device);
    try {
      return kernel.info().version;
    } finally {
      kernel.close();
    }
  } catch (error) {
    if (error instanceof KernelUnavailable) return '';
    throw error;
  }
}

function namesByBirth({ namespaces }: Reality): Map<bigint, string> {
  const named = [...namespaces].flatMap(([name, { entry, kernel }]): [bigint, string][] =>
    entry.state === 'ready' && kernel !== undefined ? [[kernel.birth, name]] : [],
  );
  return new Map(named);
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    const text = error instanceof ConfigFault ? error.message : String((error as Error).stack ?? error);
    process.stderr.write(`nsgate-agent: ${text}\n`);
    process.exit(1);
  },
);
