/**
 * Takes a host's messages apart while they are bytes, so that nobody has to wait while a large one is decoded and worked on.
 *
 * An encoded message is a row of fields, and any run of whole fields of it is a message as well. A report is its list of entries: runs of
 * some kilobytes of them are decoded one at a time, and each is a report of its own. What a report says beside its list comes first.
 * A NamespaceReport of `snapshot` and the namespaces a, b, c is read as {snapshot, a, b}, {c}; which is how agents split theirs.
 */
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { status } from '@grpc/grpc-js';
import {
  ConnectRequest,
  EventReport,
  Hello,
  NamespaceReport,
  PacketReport,
  RealizationReport,
  RpcError,
  StatsReport,
} from '@nsgate/proto';

/** A StatsReport of which entries are not decoded yet: BindingReader reads them. */
export interface StatsPart extends Omit<StatsReport, 'bindings'> {
  readonly bindings: readonly Uint8Array[];
}

type Message = Exclude<ConnectRequest['message'], { $case: 'stats' }> | { $case: 'stats'; value: StatsPart };

/** A whole message, or a part of one. Of a Hello, which is one thing, parts are to be put together before it is looked at. */
export interface MessagePart {
  readonly message: Message;
  /** Whether it is the last part of its message. */
  readonly isLast: boolean;
  /** How many bytes were gone through for it: of the first part, the whole message. */
  readonly bytes: number;
}

/** Decoding and taking in what is this long takes a fraction of a millisecond. */
const PART_BYTES = 4096;
/** A Hello of 10,000 policies and sets takes about 1.5 MiB, a report of agents some hundred kilobytes. */
export const MAX_MESSAGE_BYTES = 4 << 20;
/** Of a list, and of whatever has no list: what is decoded in one go. A thousand rows of counters take 48 KiB at the most. */
export const MAX_ENTRY_BYTES = 65_536;
export const MAX_ENTRIES = 65_536;

interface Listing {
  /** Numbers of the fields that are lists. */
  readonly lists: readonly number[];
  readonly decode: (bytes: Uint8Array, first: Message) => Message;
}

/** By number of the field of ConnectRequest. */
const LISTINGS: ReadonlyMap<number, Listing> = new Map<number, Listing>([
  [1, { lists: [7, 8], decode: (bytes) => ({ $case: 'hello', value: Hello.decode(bytes) }) }],
  [4, { lists: [2], decode: (bytes) => ({ $case: 'realizations', value: RealizationReport.decode(bytes) }) }],
  [5, { lists: [2, 3], decode: (bytes) => ({ $case: 'namespaces', value: NamespaceReport.decode(bytes) }) }],
  [6, { lists: [1], decode: decodeStats }],
  [7, { lists: [1], decode: (bytes) => ({ $case: 'events', value: EventReport.decode(bytes) }) }],
  [9, { lists: [1], decode: (bytes) => ({ $case: 'packets', value: PacketReport.decode(bytes) }) }],
]);

const BINDINGS = 1;

/** `whole` is said of every entry. */
function decodeStats(bytes: Uint8Array, first: Message): Message {
  const bindings: Uint8Array[] = [];
  const others: Uint8Array[] = [];
  const reader = new BinaryReader(bytes);
  while (reader.pos < bytes.length) {
    const start = reader.pos;
    const [field, type] = reader.tag();
    if (field === BINDINGS && type === WireType.LengthDelimited) bindings.push(reader.bytes());
    else {
      reader.skip(type, field);
      others.push(bytes.subarray(start, reader.pos));
    }
  }
  const { whole, health } = StatsReport.decode(Buffer.concat(others));
  return {
    $case: 'stats',
    value: { bindings, whole: first?.$case === 'stats' ? first.value.whole : whole, health },
  };
}

/**
 * The message in parts, in order; the order of entries is that of the bytes. Throws INVALID_ARGUMENT when it comes to bytes that are no
 * ConnectRequest, RESOURCE_EXHAUSTED for what is too large.
 */
export function* partsOf(bytes: Buffer): Generator<MessagePart, void> {
  if (bytes.length > MAX_MESSAGE_BYTES)
    throw tooLarge(`a message takes ${bytes.length} bytes`, MAX_MESSAGE_BYTES);
  const found = wellFormed(() => listingOf(bytes));
  if (found === undefined) {
    demandEntry(bytes.length);
    yield { message: wellFormed(() => decodeOther(bytes)), isLast: true, bytes: bytes.length };
    return;
  }
  const { listing, body } = found;
  const runs = body.length > PART_BYTES ? wellFormed(() => runsOf(body, listing.lists)) : [body];
  let first: Message;
  for (const [index, run] of runs.entries()) {
    const message = wellFormed(() => listing.decode(run, first));
    first ??= message;
    yield { message, isLast: index === runs.length - 1, bytes: index === 0 ? bytes.length : run.length };
  }
}

/** Of a message that is nothing but one report. */
function listingOf(bytes: Buffer): { listing: Listing; body: Buffer } | undefined {
  if (bytes.length === 0) return undefined;
  const reader = new BinaryReader(bytes);
  const [field, type] = reader.tag();
  const listing = LISTINGS.get(field);
  if (listing === undefined || type !== WireType.LengthDelimited) return undefined;
  const length = reader.uint32();
  return reader.pos + length === bytes.length ? { listing, body: bytes.subarray(reader.pos) } : undefined;
}

/** Of whatever has no list, and of what no agent sends: one message with several reports, of which the last counts. */
function decodeOther(bytes: Buffer): Message {
  const { message } = ConnectRequest.decode(bytes);
  return message?.$case === 'stats'
    ? decodeStats(StatsReport.encode(message.value).finish(), undefined)
    : message;
}

/** Entries of the lists in runs, with what is beside them before the first. All in one go: so it makes nothing of a single entry. */
function runsOf(body: Buffer, lists: readonly number[]): Buffer[] {
  const reader = new BinaryReader(body);
  const [beside, runs]: [Buffer[], Buffer[]] = [[], []];
  // Of the run that may go on; where there is none, it is behind all.
  let begin = body.length;
  const endRun = (end: number): void => {
    if (begin < end) runs.push(body.subarray(begin, end));
    begin = body.length;
  };
  for (let entries = 1; reader.pos < body.length; entries++) {
    const start = reader.pos;
    const field = skipField(reader);
    if (reader.pos > body.length) throw new RangeError('a field goes beyond its message');
    demandEntry(reader.pos - start);
    if (entries > MAX_ENTRIES) throw tooLarge('a message has more entries than it may', MAX_ENTRIES);
    const isOfList = lists.includes(field);
    if (!isOfList || reader.pos - begin > PART_BYTES) endRun(start);
    if (!isOfList) beside.push(body.subarray(start, reader.pos));
    else begin = Math.min(begin, start);
  }
  endRun(body.length);
  const [first, ...rest] = runs;
  const head = Buffer.concat(beside);
  demandEntry(head.length);
  return [Buffer.concat([head, ...(first === undefined ? [] : [first])]), ...rest];
}

/** Goes behind the next field, and gives its number. BinaryReader.skip makes a Buffer of what it skips. */
function skipField(reader: BinaryReader): number {
  const [field, type] = reader.tag();
  if (type === WireType.LengthDelimited) {
    const length = reader.uint32();
    reader.pos += length;
  } else reader.skip(type, field);
  return field;
}

function demandEntry(length: number): void {
  if (length > MAX_ENTRY_BYTES)
    throw tooLarge(`an entry of a message takes ${length} bytes`, MAX_ENTRY_BYTES);
}

function tooLarge(what: string, most: number): RpcError {
  return new RpcError(status.RESOURCE_EXHAUSTED, `${what}; at most ${most}`);
}

/** Calls `read`; what it throws is INVALID_ARGUMENT, unless it is an RpcError already. */
export function wellFormed<Value>(read: () => Value): Value {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof RpcError) throw cause;
    throw new RpcError(status.INVALID_ARGUMENT, 'the request is no message of this method', { cause });
  }
}
