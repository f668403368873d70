/** `nsgate-agent status`: how the running agent stands; without one, what the kernel enforces all the same. */
import type { Config } from '../config/config';
import type { CertificateStatus } from '../identity/host-identity';
import { KernelUnavailable, openKernelDevice } from '../kernel-device';
import { askForStatus } from '../local-api/local-server';
import { troubles, type AgentStatus, type NamespaceLine } from '../local-api/status';

/** Gives the status to exit with: 0 when an agent runs and is well. */
export async function showStatus(config: Config, print: (line: string) => void): Promise<number> {
  let status: AgentStatus;
  try {
    status = await askForStatus(config.socket);
  } catch (error) {
    print(`agent       not running, or not at ${config.socket}: ${(error as Error).message}`);
    showKernel(config, print);
    return 3;
  }
  showAgent(status, print);
  showKernel(config, print);
  for (const line of status.namespaces) showNamespace(line, print);
  const wrong = troubles(status);
  for (const trouble of wrong) print(`TROUBLE     ${trouble}`);
  return wrong.length === 0 ? 0 : 1;
}

function showAgent(
  { hostId, version, controller, identity, state }: AgentStatus,
  print: (line: string) => void,
): void {
  const { revision = 'none', lastSync = 'never', reason } = controller;
  print(`agent       ${version}, host ${hostId}`);
  print(
    `controller  ${controller.controller}: ${controller.state}${reason === undefined ? '' : ` (${reason})`}`,
  );
  print(`certificate ${certificateText(identity.certificate)}`);
  print(`last sync   revision ${revision}, ${lastSync}`);
  print(`held        ${state.policies} policies, ${state.addressSets} address sets`);
}

/** Who it says that this host is, and how long. */
export function certificateText(certificate: CertificateStatus | undefined): string {
  if (certificate === undefined) return 'none';
  const { uri, notAfter, daysLeft, renewal } = certificate;
  const left =
    daysLeft < 0 ? `ran out on ${notAfter}` : `${daysLeft.toFixed(1)} days left, until ${notAfter}`;
  const then = renewal === undefined ? "renewed by the site's own tools" : `renewed from ${renewal} on`;
  return `${uri === '' ? 'names nobody' : uri}, ${left}, ${then}`;
}

function showKernel({ device }: Config, print: (line: string) => void): void {
  try {
    const kernel = openKernelDevice(device);
    try {
      const { version, generation, bindings, rulesets, sets, memory, quarantined, quarantine } =
        kernel.opening;
      print(`module      ${version}, generation ${generation}, ${Number(memory >> 10n)} KiB`);
      print(`enforced    ${bindings} bindings of ${rulesets} rulesets, ${sets} address sets`);
      print(`quarantine  ${quarantine ? 'on' : 'off'}, ${quarantined} namespaces in it`);
    } finally {
      kernel.close();
    }
  } catch (error) {
    if (!(error instanceof KernelUnavailable)) throw error;
    print(`module      ${error.message}`);
  }
}

function showNamespace(
  { name, state, inode, digest, detail, policies }: NamespaceLine,
  print: (line: string) => void,
): void {
  const bound = digest === undefined ? 'not bound' : `ruleset ${digest.slice(0, 12)}`;
  print(
    `namespace   ${name}: ${state}${inode === undefined ? '' : `, inode ${inode}`}, ${bound}${detail === '' ? '' : `: ${detail}`}`,
  );
  for (const { policy, state: standing, reason } of policies) {
    print(`            ${policy}: ${standing}${reason === undefined ? '' : `: ${reason}`}`);
  }
}
