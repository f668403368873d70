/** `nsgate-agent check`: whether this host has what the agent needs; a line each, and what to do where it has not. */
import { X509Certificate } from 'node:crypto';
import { accessSync, constants, existsSync, readdirSync, readFileSync, statfsSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { NO_CONTROLLER, type Config, type IdentitySource } from '../config/config';
import { demandNetAdmin, kernelRelease } from '../config/host-facts';
import { StateFile } from '../desired-state/state-file';
import { demandGood, notEnrolled, readEnrolled } from '../identity/enrolled-material';
import { certificateStatus, type CertificateStatus } from '../identity/host-identity';
import { IdentityFault } from '../identity/identity-fault';
import { IdentityFiles } from '../identity/identity-files';
import type { SiteFiles } from '../identity/site-identity';
import { ABI, openKernelDevice } from '../kernel-device';
import { certificateText } from './status';

interface Finding {
  what: string;
  /** What was found. */
  text: string;
  /** What to do; undefined when it is well. */
  advice?: string;
}

const NO_CONTROLLER_NAMED: Finding = { what: '--controller', text: 'there is none', advice: NO_CONTROLLER };

type EnrolledSource = Extract<IdentitySource, { kind: 'enrolled' }>;

/** A certificate that is due may wait so long for a controller before it is said. */
const RENEWAL_GRACE_MS = 3_600_000;
const CONNECT_TIMEOUT_MS = 3000;
const LOW_DISK_BYTES = 64 << 20;

/** Prints a line for each; gives the status to exit with: 0 when all is well. */
export async function check(config: Config, print: (line: string) => void): Promise<number> {
  const findings = [
    { what: 'kernel', text: kernelRelease() },
    checkRights(),
    checkModule(config),
    ...checkIdentity(config),
    await checkState(config),
    checkNamespaces(config),
    ...(await Promise.all(config.controller.map(checkController))),
    ...(config.controller.length > 0 ? [] : [NO_CONTROLLER_NAMED]),
  ];
  for (const { what, text, advice } of findings) {
    print(
      `${advice === undefined ? 'ok  ' : 'FAIL'} ${what}: ${text}${advice === undefined ? '' : ` → ${advice}`}`,
    );
  }
  return findings.some(({ advice }) => advice !== undefined) ? 1 : 0;
}

function checkRights(): Finding {
  const what = 'permissions';
  return attempt(what, 'run as root, or with CAP_NET_ADMIN', () => {
    demandNetAdmin();
    return 'CAP_NET_ADMIN';
  });
}

function checkModule({ device }: Config): Finding {
  return attempt('kernel module', 'load it: modprobe nsgate; or update the side that is named', () => {
    const kernel = openKernelDevice(device);
    try {
      const { version, abiMin, abiMax, bindings, quarantine } = kernel.opening;
      const abi = `ABI ${abiMin} to ${abiMax}, the agent speaks ${ABI}`;
      return `${version} (${abi}), ${bindings} namespaces bound, quarantine ${quarantine ? 'on' : 'off'}`;
    } finally {
      kernel.close();
    }
  });
}

/** Who this host can prove to be, how long, and what to do where it cannot. */
function checkIdentity({ identity, hostId }: Config): Finding[] {
  return identity.kind === 'site' ? checkSiteFiles(identity) : [checkEnrolment(identity, hostId)];
}

function checkEnrolment({ folder, tokenFile }: EnrolledSource, hostId: string): Finding {
  const what = 'certificate';
  try {
    const enrolled = readEnrolled(new IdentityFiles(folder));
    if (existsSync(tokenFile)) {
      return { what, text: `a token waits in ${tokenFile}: the agent enrols this host with it when it runs` };
    }
    if (enrolled === undefined) throw notEnrolled(hostId, tokenFile);
    const now = new Date();
    demandGood(enrolled.facts, { hostId, now });
    return checkRenewal(certificateStatus(enrolled.facts, { renewed: true, now }), now);
  } catch (error) {
    if (!(error instanceof IdentityFault)) throw error;
    return { what, text: error.what, advice: error.advice };
  }
}

function checkRenewal(certificate: CertificateStatus, now: Date): Finding {
  const found = {
    what: 'certificate',
    text: certificateText(certificate),
  };
  const due = new Date(certificate.renewal ?? certificate.notAfter);
  if (now.getTime() - due.getTime() < RENEWAL_GRACE_MS) return found;
  return {
    ...found,
    advice: 'it should be renewed by now: see `nsgate-agent status`, and whether a controller can be reached',
  };
}

function checkSiteFiles(files: SiteFiles): Finding[] {
  return (['ca', 'cert', 'key'] as const).map((field) => {
    const [file, flag] = [files[field], `--tls-${field}`];
    return attempt(flag, `put a PEM file there, or name another with ${flag}`, () => {
      const content = readFileSync(file);
      if (field === 'key') return file;
      const { validTo } = new X509Certificate(content);
      if (new Date(validTo) < new Date()) throw new Error(`${file} has run out, ${validTo}`);
      return `${file}, valid until ${validTo}`;
    });
  });
}

async function checkState({ stateDir }: Config): Promise<Finding> {
  const what = 'state folder';
  const file = new StateFile(stateDir);
  try {
    if (!existsSync(stateDir)) {
      accessSync(firstThere(stateDir), constants.W_OK);
      return { what, text: `${stateDir} is not there yet: the agent makes it when it runs` };
    }
    await file.demandWritable();
    const loaded = file.load();
    if (loaded.kind === 'unusable') {
      const advice =
        'nothing: the controller sends everything again; keep a copy of the file if you want to know why';
      return { what, text: `${file.path} cannot be used: ${loaded.reason}`, advice };
    }
    const { bavail, bsize } = statfsSync(stateDir);
    const held =
      loaded.kind === 'none' ? 'nothing held yet' : `${loaded.state.policies.length} policies held`;
    if (bavail * bsize >= LOW_DISK_BYTES) return { what, text: `${stateDir}, ${held}` };
    return { what, text: `${stateDir} is nearly full`, advice: 'make room: changes cannot be stored' };
  } catch (error) {
    return {
      what,
      text: (error as Error).message,
      advice: 'make it writable, or name another with --state-dir',
    };
  }
}

/** The folder, or the first above it that is there. */
function firstThere(path: string): string {
  return existsSync(path) ? path : firstThere(dirname(path));
}

function checkNamespaces({ netnsDir }: Config): Finding {
  try {
    return { what: 'namespaces', text: `${readdirSync(netnsDir).length} names in ${netnsDir}` };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return { what: 'namespaces', text: `${netnsDir} is not there yet: nothing has a name` };
    }
    return {
      what: 'namespaces',
      text: (error as Error).message,
      advice: 'name another folder with --netns-dir',
    };
  }
}

/** Whether a TCP connection can be made; who answers is found out by the stream. */
function checkController(address: string): Promise<Finding> {
  const what = `controller ${address}`;
  const advice = 'start it, or see whether the address is right and the way there open';
  const [, host = '', port = ''] = /^\[?(.*?)\]?:(\d+)$/.exec(address) ?? [];
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port), timeout: CONNECT_TIMEOUT_MS });
    const end = (finding: Finding): void => {
      socket.destroy();
      resolve(finding);
    };
    socket.once('connect', () => end({ what, text: 'reachable' }));
    socket.once('timeout', () => end({ what, text: `no answer in ${CONNECT_TIMEOUT_MS} ms`, advice }));
    socket.once('error', (error) => end({ what, text: error.message, advice }));
  });
}

function attempt(what: string, advice: string, find: () => string): Finding {
  try {
    return { what, text: find() };
  } catch (error) {
    return { what, text: (error as Error).message, advice };
  }
}
