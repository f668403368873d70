/** Events out of the bytes that read() gave. Pure; throws MalformedReply where they are not what the ABI says. */
import { Action, enumMember, EventType, Family, Hook, IFNAME_SIZE, SIZE } from './abi';
import { ByteReader } from './byte-reader';
import { repeat } from './decode-reply';
import { MalformedReply } from './kernel-error';
import type { Events, KernelEvent, SampledPacket } from './reply';

/** Bytes of struct nsgate_event up to what only packets have. */
const EVENT_HEAD = 32;

export function decodeEvents(payload: Buffer): Events {
  const reader = new ByteReader(payload).expect(SIZE.events, 'nsgate_events');
  const head = { cursor: reader.u64(), instance: reader.u64(), lost: reader.u64() };
  const count = reader.u32();
  reader.skip(4).expect(count * SIZE.event, `${count} events`);
  const events = repeat(count, () => readEvent(reader));
  reader.end('nsgate_events');
  return { ...head, events };
}

function readEvent(reader: ByteReader): KernelEvent {
  const head = { number: reader.u64(), time: reader.u64(), birth: reader.u64(), inode: reader.u32() };
  const type = reader.u32();
  const kind = enumMember<EventType>(EventType, type);
  if (kind === EventType.PACKET) return { type: 'packet', ...head, ...readPacket(reader) };
  reader.skip(SIZE.event - EVENT_HEAD);
  if (kind === EventType.BORN) return { type: 'born', ...head };
  if (kind === EventType.DIED) return { type: 'died', ...head };
  throw new MalformedReply(`an event of type ${type} is not known`);
}

function readPacket(reader: ByteReader): SampledPacket {
  const about = { epoch: reader.u64(), ruleId: reader.u64(), suppressed: reader.u64() };
  const addresses = { source: reader.hex(16), destination: reader.hex(16) };
  const sizes = { length: reader.u32(), mark: reader.u32() };
  const ports = { sourcePort: reader.u16(), destinationPort: reader.u16() };
  const hook = readMember<Hook>(reader, Hook, 'hook');
  const family = readMember<Family>(reader, Family, 'family');
  const [protocol, verdict] = [reader.u8(), readMember<Action>(reader, Action, 'verdict')];
  const [icmpType, icmpCode] = [reader.u8(), reader.u8()];
  const [tcpFlags, state, flags] = [reader.u8(), reader.u8(), reader.u8()];
  const interfaces = { in: reader.skip(3).text(IFNAME_SIZE), out: reader.text(IFNAME_SIZE) };
  return {
    ...{
      ...about,
      ...sizes,
      ...ports,
      hook,
      family,
      protocol,
      verdict,
      icmpType,
      icmpCode,
      tcpFlags,
      state,
      flags,
    },
    source: addressOf(addresses.source, family),
    destination: addressOf(addresses.destination, family),
    inInterface: interfaces.in,
    outInterface: interfaces.out,
  };
}

function addressOf(hex: string, family: Family): Uint8Array {
  return Buffer.from(hex, 'hex').subarray(0, family === Family.IPV4 ? 4 : 16);
}

function readMember<E extends number>(
  reader: ByteReader,
  members: Readonly<Record<string, E | string>>,
  what: string,
): E {
  const value = reader.u8();
  const member = enumMember<E>(members, value);
  if (member === undefined) throw new MalformedReply(`${value} is no ${what}`);
  return member;
}
