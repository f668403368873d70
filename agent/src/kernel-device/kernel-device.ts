/** The kernel module as the rest of the agent and the tests see it, over /dev/nsgate. */
import { constants } from 'node:os';
import { ABI, Field, Op, SIZE } from './abi';
import {
  decodeClassified,
  decodeCommitted,
  decodeHeader,
  decodeInfo,
  decodeListing,
  decodeRefusal,
  decodeStats,
} from './decode-reply';
import { decodeEvents } from './decode-events';
import { openDeviceFile, type DeviceFile } from './device-file';
import {
  encodeClassify,
  encodeCommit,
  encodeEvents,
  encodeInfo,
  encodeList,
  encodeStats,
} from './encode-request';
import { KernelRefusal, KernelUnavailable, MalformedReply } from './kernel-error';
import type { Classified, Events, KernelInfo, Listing, Stats } from './reply';
import type { CommitObject, DescribedPacket, EventsQuestion } from './request';

/**
 * One open /dev/nsgate. Every method is one request: it throws KernelRefusal when the module refuses it, and then nothing
 * has changed. While one is open the module cannot be unloaded: close it when the work is done.
 */
export interface KernelDevice {
  /** What info() told when it was opened. */
  readonly opening: KernelInfo;
  info(): KernelInfo;
  /** Applies all objects or none; gives the generation after it. */
  commit(objects: readonly CommitObject[]): bigint;
  /** All namespaces and rulesets that the module knows. */
  list(): Listing;
  /** Counters that changed since the cursor of an earlier reply; 0n for all. */
  stats(cursor: bigint): Stats;
  /** What the live ruleset of a namespace would do with a packet. */
  classify(packet: DescribedPacket): Classified;
  /** Events since an earlier reply; asks for a signal at the next one. */
  events(question: EventsQuestion): Events;
  close(): void;
}

export const DEFAULT_DEVICE_PATH = '/dev/nsgate';

/** Opens the device and agrees on the ABI. Throws KernelUnavailable. */
export function openKernelDevice(path = DEFAULT_DEVICE_PATH): KernelDevice {
  const file = openDeviceFile(path);
  try {
    const device = new OpenKernelDevice(file);
    demandSharedAbi(device.opening);
    return device;
  } catch (error) {
    file.close();
    throw error;
  }
}

/** Throws KernelUnavailable, naming the side to update, unless the module answers the agent's ABI. */
export function demandSharedAbi({ abiMin, abiMax, version }: KernelInfo): void {
  if (abiMin <= ABI && ABI <= abiMax) return;
  const older = ABI < abiMin ? 'the agent' : 'the kernel module';
  throw new KernelUnavailable(
    'incompatible',
    `kernel module ${version} speaks ABI ${abiMin} to ${abiMax}, the agent speaks ${ABI}: update ${older}`,
  );
}

export class OpenKernelDevice implements KernelDevice {
  #tag = 0n;
  #opening: KernelInfo | undefined;

  constructor(private readonly file: DeviceFile) {}

  get opening(): KernelInfo {
    return (this.#opening ??= this.info());
  }

  info(): KernelInfo {
    return decodeInfo(this.#request(Op.INFO, (tag) => encodeInfo(tag)));
  }

  commit(objects: readonly CommitObject[]): bigint {
    return decodeCommitted(this.#request(Op.COMMIT, (tag) => encodeCommit(tag, objects)));
  }

  list(): Listing {
    return decodeListing(this.#request(Op.LIST, (tag) => encodeList(tag)));
  }

  stats(cursor: bigint): Stats {
    return decodeStats(this.#request(Op.STATS, (tag) => encodeStats(tag, cursor)));
  }

  classify(packet: DescribedPacket): Classified {
    return decodeClassified(this.#request(Op.CLASSIFY, (tag) => encodeClassify(tag, packet)));
  }

  events(question: EventsQuestion): Events {
    return decodeEvents(this.#request(Op.EVENTS, (tag) => encodeEvents(tag, question)));
  }

  close(): void {
    this.file.close();
  }

  /** One write and the reply that belongs to it; gives the reply's payload. */
  #request(op: Op, encode: (tag: bigint) => Buffer): Buffer {
    this.#tag += 1n;
    const refusedWith = this.file.write(encode(this.#tag));
    const reply = this.file.read();
    if (refusedWith !== undefined && reply.length === 0) {
      throw new KernelRefusal({ errno: refusedWith, field: Field.NONE, reason: 'no reason was given' });
    }
    const header = decodeHeader(reply);
    if (header.length !== reply.length) {
      throw new MalformedReply(`its length says ${header.length}, and ${reply.length} bytes came`);
    }
    const payload = reply.subarray(SIZE.reply);
    // A request whose header could not be read is answered with op and tag 0.
    if (refusedWith !== undefined || header.error !== 0) {
      const errno = header.error === 0 ? refusedWith : errnoName(header.error);
      throw new KernelRefusal(decodeRefusal(payload, errno ?? 'UNKNOWN'));
    }
    if (header.op !== (op as number) || header.tag !== this.#tag) {
      throw new MalformedReply(
        `it answers request ${header.tag} (op ${header.op}), not ${this.#tag} (op ${op})`,
      );
    }
    return payload;
  }
}

function errnoName(error: number): string {
  const found = Object.entries(constants.errno).find(([, value]) => value === -error);
  return found?.[0] ?? `errno ${-error}`;
}
