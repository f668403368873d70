/** Requests in the form in which one write() takes them. Pure. */
import { ABI, BIND_INITIAL, Family, MAGIC, ObjectType, Op, SIZE } from './abi';
import { ByteWriter } from './byte-writer';
import { rulesetSize, writeDigest, writeInterfaceName, writeRuleset } from './encode-ruleset';
import { setDeltaSize, setSize, writeSet, writeSetDelta, writeSetDrop } from './encode-set';
import type {
  BindObject,
  CommitObject,
  DescribedPacket,
  EventsQuestion,
  ReleaseObject,
  SettingObject,
  UnbindObject,
} from './request';

export function encodeInfo(tag: bigint): Buffer {
  return begin(Op.INFO, tag, 0).buffer;
}

export function encodeList(tag: bigint): Buffer {
  return begin(Op.LIST, tag, 0).buffer;
}

export function encodeStats(tag: bigint, cursor: bigint): Buffer {
  return begin(Op.STATS, tag, SIZE.statsRequest).u64(cursor).buffer;
}

export function encodeCommit(tag: bigint, objects: readonly CommitObject[]): Buffer {
  const payload = objects.reduce((size, object) => size + objectSize(object), 0);
  const writer = begin(Op.COMMIT, tag, payload);
  for (const object of objects) writeObject(writer, object);
  return writer.buffer;
}

export function encodeClassify(tag: bigint, packet: DescribedPacket): Buffer {
  const writer = begin(Op.CLASSIFY, tag, SIZE.classify);
  writer.u64(packet.birth ?? 0n).u32(packet.inode);
  writer.u32(packet.mark ?? 0);
  writeAddress(writer, packet.source, packet.family);
  writeAddress(writer, packet.destination, packet.family);
  writer.u16(packet.sourcePort ?? 0).u16(packet.destinationPort ?? 0);
  writer.u8(packet.hook).u8(packet.family).u8(packet.protocol);
  writer.u8(packet.icmpType ?? 0).u8(packet.icmpCode ?? 0);
  writer.u8(packet.tcpFlags ?? 0).u8(packet.state ?? 0);
  writer.skip(5);
  writeInterfaceName(writer, packet.inInterface ?? '');
  writeInterfaceName(writer, packet.outInterface ?? '');
  return writer.buffer;
}

export function encodeEvents(tag: bigint, { cursor, instance, signal }: EventsQuestion): Buffer {
  return begin(Op.EVENTS, tag, SIZE.eventsRequest).u64(cursor).u64(instance).u32(signal).skip(4).buffer;
}

/** Bytes of an object in a commit. */
export function objectSize(object: CommitObject): number {
  switch (object.type) {
    case 'ruleset-put':
      return rulesetSize(object.ruleset);
    case 'ruleset-drop':
      return SIZE.rulesetDrop;
    case 'bind':
      return SIZE.bind;
    case 'unbind':
      return SIZE.unbind;
    case 'set-put':
      return setSize(object);
    case 'set-delta':
      return setDeltaSize(object);
    case 'set-drop':
      return SIZE.setDrop;
    case 'setting':
      return SIZE.setting;
    case 'release':
      return SIZE.release;
  }
}

function begin(op: Op, tag: bigint, payloadSize: number): ByteWriter {
  const length = SIZE.request + payloadSize;
  return new ByteWriter(length).u32(MAGIC).u16(ABI).u16(op).u32(length).skip(4).u64(tag);
}

function writeObject(writer: ByteWriter, object: CommitObject): void {
  switch (object.type) {
    case 'ruleset-put':
      writeRuleset(writer, object);
      return;
    case 'ruleset-drop':
      writer.u32(ObjectType.RULESET_DROP).u32(SIZE.rulesetDrop);
      writeDigest(writer, object.digest);
      return;
    case 'bind':
      writeBind(writer, object);
      return;
    case 'unbind':
      writeUnbind(writer, object);
      return;
    case 'set-put':
      writeSet(writer, object);
      return;
    case 'set-delta':
      writeSetDelta(writer, object);
      return;
    case 'set-drop':
      writeSetDrop(writer, object);
      return;
    case 'setting':
      writeSetting(writer, object);
      return;
    case 'release':
      writeRelease(writer, object);
  }
}

function writeBind(writer: ByteWriter, { inode, birth, digest, initial }: BindObject): void {
  writer.u32(ObjectType.BIND).u32(SIZE.bind);
  writer.u32(inode).u32(initial ? BIND_INITIAL : 0);
  writer.u64(birth);
  writeDigest(writer, digest);
}

function writeUnbind(writer: ByteWriter, { inode, birth }: UnbindObject): void {
  writer.u32(ObjectType.UNBIND).u32(SIZE.unbind);
  writer.u32(inode).skip(4).u64(birth);
}

function writeSetting(writer: ByteWriter, { setting, value }: SettingObject): void {
  writer.u32(ObjectType.SETTING).u32(SIZE.setting);
  writer.u32(setting).skip(4).u64(value);
}

function writeRelease(writer: ByteWriter, { inode, birth }: ReleaseObject): void {
  writer.u32(ObjectType.RELEASE).u32(SIZE.release);
  writer.u32(inode).skip(4).u64(birth);
}

function writeAddress(writer: ByteWriter, address: Uint8Array, family: Family): void {
  const size = family === Family.IPV4 ? 4 : 16;
  if (address.length !== size) {
    throw new RangeError(`an address of ${size} bytes is needed, not of ${address.length}`);
  }
  writer.bytes(address, 16);
}
