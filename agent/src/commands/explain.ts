/**
 * `nsgate-agent explain`: the live ruleset's answer. It asks the kernel itself, and reads the policies that the agent holds from
 * disk, where they are before they are enforced; so it answers whether an agent runs or not.
 */
import { join } from 'node:path';
import pino from 'pino';
import type { TypedPacket } from '../config/command-line';
import { ConfigFault, type Config } from '../config/config';
import { decodePolicy } from '../controller-client/policy-message';
import { comparePolicies, selects, type Policy } from '../desired-state/policy';
import { StateFile } from '../desired-state/state-file';
import { explain, ExplainFault, type Explanation } from '../explain/explain';
import { Action, KernelUnavailable, openKernelDevice } from '../kernel-device';
import { AllSources } from '../namespaces/all-sources';
import { NetnsFolder } from '../namespaces/netns-folder';
import { ProcessNamespaces } from '../namespaces/process-namespaces';
import { readPacket } from './packet-text';

/** Gives the status to exit with. Throws ConfigFault. */
export function explainPacket(config: Config, typed: TypedPacket, print: (line: string) => void): number {
  const question = readPacket(typed);
  const held = heldPolicies(config);
  const policies = held.filter((policy) => selects(policy, typed.namespace)).sort(comparePolicies);
  try {
    const kernel = openKernelDevice(config.device);
    try {
      show(explain(question, { kernel, inode: inodeOf(config, typed.namespace), policies }), print);
      return 0;
    } finally {
      kernel.close();
    }
  } catch (error) {
    if (error instanceof ExplainFault || error instanceof KernelUnavailable)
      throw new ConfigFault(error.message);
    throw error;
  }
}

function show(
  { verdict, policy, ruleId, revision, digest }: Explanation,
  print: (line: string) => void,
): void {
  print(`verdict  ${Action[verdict].toLowerCase()}`);
  if (digest === undefined) {
    print('rule     none: nothing is bound to this namespace');
    return;
  }
  print(`rule     ${ruleId ?? 'none: the default verdict'}`);
  if (policy !== undefined) print(`policy   ${policy}, revision ${String(revision)}`);
  else
    print(
      `policy   ${ruleId === undefined ? 'none' : 'not known: the policies on disk do not have the rule'}`,
    );
  print(`ruleset  ${digest}`);
}

function inodeOf({ netnsDir }: Config, name: string): number | undefined {
  const log = pino({ level: 'silent' });
  const sources = new AllSources({
    folder: new NetnsFolder(netnsDir, log),
    processes: new ProcessNamespaces(() => [name]),
  });
  const finding = sources.read(name);
  if (finding?.kind === 'shadowed') throw new ExplainFault(`${join(netnsDir, name)}: ${finding.detail}`);
  return finding?.kind === 'namespace' ? finding.inode : undefined;
}

/** None where there is no file, or none that can be used: rules are then told by their numbers. */
function heldPolicies({ stateDir }: Config): Policy[] {
  const loaded = new StateFile(stateDir).load();
  return loaded.kind === 'loaded' ? loaded.state.policies.map(({ message }) => decodePolicy(message)) : [];
}
