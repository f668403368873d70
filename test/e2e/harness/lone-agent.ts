/** What an agent without a controller has done on the host, as the kernel and its own status tell. */
import { statSync } from 'node:fs';
import { askForStatus } from '../../../agent/src/local-api/local-server';
import type { NamespaceLine } from '../../../agent/src/local-api/status';
import { withDevice, type AgentHost } from '../../bench/guest/agent-host';
import { eventually } from './eventually';

export function inodeOf(name: string): number {
  return statSync(`/run/netns/${name}`).ino;
}

/** Digest of what is bound; undefined when nothing is, or the namespace is gone. */
export function bound(inode: number): string | undefined {
  const listing = withDevice((device) => device.list());
  return listing.namespaces.find((listed) => listed.inode === inode)?.binding?.digest;
}

/** Waits until a ruleset is bound to a namespace; gives its digest. */
export function enforcedIn(host: AgentHost, name: string): Promise<string> {
  return eventually(() => {
    host.agent?.assertRuns();
    const digest = bound(inodeOf(name));
    if (digest === undefined) throw new Error(`${name} is not bound`);
    return digest;
  });
}

/** What the agent says of a name. */
export async function lineOf(host: AgentHost, name: string): Promise<NamespaceLine | undefined> {
  const { namespaces } = await askForStatus(host.socket);
  return namespaces.find((one) => one.name === name);
}
