// Puts each of the subjects in the way of a sink's packets.
import { closeSync, existsSync, openSync, readFileSync, writeSync } from 'node:fs';

import { encodeCommit, openKernelDevice, type CommitObject } from '../../../agent/src/kernel-device';
import type { Commit, Contender, Report, RuleFile, Trial } from '../measurement';
import type { Ip } from '../rule';
import { nsgateRuleset } from '../nsgate-ruleset';
import { command } from './command';
import type { PacketSink } from './packet-sink';

/** A subject in place. */
export interface InstalledSubject {
  /** What its installation had to tell. */
  readonly reports: readonly Report[];
  /** Throws unless the subject has matched exactly as many of the packets as it should have. */
  verify(expectedHits: number): void;
  remove(): void;
}

const nothingToVerify = (): void => undefined;
/** Rules of nftables and iptables go with their namespace. */
const goesWithNamespace = { reports: [], verify: nothingToVerify, remove: (): void => undefined };

/** Instructions that this process has executed. Unlike the clock, it does not count waiting: getrusage(2). */
function instructionsExecuted(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1000;
}

function commitMeasured(objects: readonly CommitObject[]): number {
  const request = encodeCommit(1n, objects);
  const device = openSync('/dev/nsgate', 'r+');
  try {
    const start = instructionsExecuted();
    writeSync(device, request);
    return instructionsExecuted() - start;
  } finally {
    closeSync(device);
  }
}

/** Has the module filter the namespace with `inode`. */
function installNsgate({ family, ip, rules }: Trial, rulesetFile: string, inode: number): InstalledSubject {
  const content = JSON.parse(readFileSync(rulesetFile, 'utf8')) as RuleFile;
  const { ruleset, digest } = nsgateRuleset(content, ip);
  const instructions = commitMeasured([
    { type: 'ruleset-put', digest, ruleset },
    { type: 'bind', inode, birth: 0n, digest, initial: false },
  ]);
  const device = openKernelDevice();
  const bytes = Number(device.list().rulesets.find((listed) => listed.digest === digest)?.memory ?? 0n);
  const identity = { subject: 'nsgate', family, ip, rules } as const;
  return {
    reports: [
      { kind: 'commit', ...identity, instructions },
      { kind: 'memory', ...identity, bytes },
    ],
    verify: (expectedHits) => {
      const counters = device.stats(0n).bindings.find((binding) => binding.inode === inode)?.rules ?? [];
      const hits = counters.reduce((sum, { packets }) => sum + packets, 0n);
      if (hits !== BigInt(expectedHits))
        throw new Error(`nsgate matched ${hits} packets, not ${expectedHits}`);
    },
    remove: () => {
      device.commit([
        { type: 'unbind', inode, birth: 0n },
        { type: 'ruleset-drop', digest },
      ]);
      device.close();
    },
  };
}

const otherNamespace = 'other';

function installElsewhere(trial: Trial, rulesetFile: string): InstalledSubject {
  command('ip', 'netns', 'add', otherNamespace);
  const inode = Number(command('stat', '-L', '-c', '%i', `/run/netns/${otherNamespace}`));
  const elsewhere = installNsgate(trial, rulesetFile, inode);
  return {
    reports: [],
    verify: () => elsewhere.verify(0),
    remove: () => {
      elsewhere.remove();
      command('ip', 'netns', 'delete', otherNamespace);
    },
  };
}

/** Loads the module before it is used, and unloads it after: the other subjects are measured without it. */
function withModule(module: string | undefined, install: () => InstalledSubject): InstalledSubject {
  if (module === undefined || !existsSync(module)) throw new Error('the kernel module has not been built');
  // insmod loads none of the modules that it depends on.
  command('modprobe', '-a', 'nf_conntrack', 'nf_reject_ipv4', 'nf_reject_ipv6');
  command('insmod', module);
  const installed = install();
  const remove = (): void => {
    installed.remove();
    command('rmmod', 'nsgate');
  };
  return { ...installed, remove };
}

function restoreProgram(ip: Ip): string {
  return ip === 4 ? 'iptables-legacy-restore' : 'ip6tables-legacy-restore';
}

/** Instructions that a program executes from its start to its end, in the kernel and out of it: bash(1), `time`. */
function instructionsOf(...program: string[]): number {
  const script = 'exec 3>&2; TIMEFORMAT="%3U %3S"; { time "$@" >/dev/null 2>&3; } 2>&1';
  const seconds = command('bash', '-c', script, 'bash', ...program)
    .trim()
    .split(' ');
  return Math.round(seconds.reduce((sum, part) => sum + Number(part), 0) * 1e9);
}

function identityOf({ family, ip, rules }: Trial): Omit<Commit, 'subject' | 'instructions'> {
  return { family, ip, rules };
}

function installNftables(
  identity: Omit<Commit, 'instructions'>,
  rulesetFile: string,
  namespace: string,
): InstalledSubject {
  const instructions = instructionsOf('ip', 'netns', 'exec', namespace, 'nft', '-f', rulesetFile);
  return { ...goesWithNamespace, reports: [{ kind: 'commit', ...identity, instructions }] };
}

/** Where a subject is to stand. */
export interface Place {
  readonly trial: Trial;
  readonly sink: PacketSink;
  readonly nsgateModule: string | undefined;
}

/** Puts a contender between the sink's packets and its bare hook. */
export function installSubject({ subject, rulesetFile }: Contender, place: Place): InstalledSubject {
  const { trial, sink, nsgateModule } = place;
  switch (subject) {
    case 'nsgate':
      return withModule(nsgateModule, () => installNsgate(trial, rulesetFile, sink.inode));
    case 'unmanaged':
      return withModule(nsgateModule, () => installElsewhere(trial, rulesetFile));
    case 'nft-linear':
    case 'nft-set':
      return installNftables({ subject, ...identityOf(trial) }, rulesetFile, sink.namespace);
    case 'iptables':
      command('ip', 'netns', 'exec', sink.namespace, restoreProgram(trial.ip), rulesetFile);
      return goesWithNamespace;
  }
}
