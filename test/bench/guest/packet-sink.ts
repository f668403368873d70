// A network namespace at the far end of a veth pair, in which the bare hook drops every packet that comes.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

import { linkAddress } from '../link-address';
import { command } from './command';

const name = 'sink';
const near = 'near0';
const far = 'far0';

/** The namespace, while it is there. */
export interface PacketSink {
  readonly namespace: string;
  /** Inode of the namespace's nsfs file. */
  readonly inode: number;
  /** The device through which packets get there, and the link address that they must bear. */
  readonly device: string;
  readonly linkAddress: string;
  /** Packets that have got there: a veth device counts as sent what its peer has taken. */
  received(): number;
}

function create(): PacketSink {
  command('ip', 'netns', 'add', name);
  const peer = ['peer', 'name', far, 'address', linkAddress, 'netns', name];
  command('ip', 'link', 'add', near, 'type', 'veth', ...peer);
  // Without link-local addresses there is no neighbour discovery, which would send packets of its own.
  command('ip', 'link', 'set', near, 'addrgenmode', 'none', 'up');
  command('ip', '-n', name, 'link', 'set', far, 'addrgenmode', 'none', 'up');
  const { ino } = statSync(`/run/netns/${name}`);
  const received = (): number => Number(readFileSync(`/sys/class/net/${near}/statistics/tx_packets`, 'utf8'));
  return { namespace: name, inode: ino, device: near, linkAddress, received };
}

/** The kernel takes a namespace down in its own time; what it still does then must not be measured. */
async function untilGone(): Promise<void> {
  while (existsSync(`/sys/class/net/${near}`)) await delay(10);
  await delay(200);
}

/** Runs `use` with a new sink, its bare hook in place, and takes both down. */
export async function withPacketSink(bareHook: string, use: (sink: PacketSink) => void): Promise<void> {
  const sink = create();
  command('insmod', bareHook, `inode=${sink.inode}`);
  try {
    use(sink);
  } finally {
    command('rmmod', 'bare_hook');
    command('ip', 'netns', 'delete', name);
    await untilGone();
  }
}

/** Release of the running kernel. */
export function kernelRelease(): string {
  return readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim();
}
