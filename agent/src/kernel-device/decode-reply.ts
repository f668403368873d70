/** Replies out of the bytes that read() gave. Pure; throws MalformedReply where they are not what the ABI says. */
import {
  Action,
  DIGEST_SIZE,
  enumMember,
  Field,
  HOOKS,
  MAGIC,
  NamespaceFlag,
  NO_INDEX,
  REASON_SIZE,
  SET_NAME_SIZE,
  SIZE,
  StatsFlag,
  VERSION_SIZE,
} from './abi';
import { ByteReader } from './byte-reader';
import { MalformedReply, type RefusalDetail } from './kernel-error';
import type {
  BindingStats,
  Classified,
  KernelInfo,
  ListedNamespace,
  ListedRuleset,
  ListedSet,
  Listing,
  RuleCounters,
  Stats,
  Totals,
} from './reply';

export interface ReplyHeader {
  abi: number;
  op: number;
  /** Bytes of the whole reply. */
  length: number;
  /** 0, or a negative errno. */
  error: number;
  tag: bigint;
}

export function decodeHeader(reply: Buffer): ReplyHeader {
  const reader = new ByteReader(reply).expect(SIZE.reply, 'nsgate_reply');
  const magic = reader.u32();
  if (magic !== MAGIC) throw new MalformedReply(`it begins with ${magic.toString(16)}, not with the magic`);
  const header = {
    abi: reader.u16(),
    op: reader.u16(),
    length: reader.u32(),
    error: reader.i32(),
    tag: reader.u64(),
  };
  if (header.length < SIZE.reply) throw new MalformedReply(`its length says ${header.length}`);
  return header;
}

export function decodeRefusal(payload: Buffer, errno: string): RefusalDetail {
  const reader = new ByteReader(payload).expect(SIZE.refusal, 'nsgate_refusal');
  return {
    errno,
    object: indexOrNone(reader.u32()),
    rule: indexOrNone(reader.u32()),
    match: indexOrNone(reader.u32()),
    item: indexOrNone(reader.u32()),
    field: enumMember<Field>(Field, reader.u32()) ?? Field.NONE,
    offset: reader.u32(),
    reason: reader.text(REASON_SIZE),
  };
}

export function decodeInfo(payload: Buffer): KernelInfo {
  const reader = new ByteReader(payload).expect(SIZE.info, 'nsgate_info');
  return {
    abiMin: reader.u16(),
    abiMax: reader.u16(),
    hooks: reader.u32(),
    matchKinds: reader.u64(),
    actions: reader.u32(),
    ruleFlags: reader.u32(),
    instance: reader.u64(),
    generation: reader.u64(),
    memory: reader.u64(),
    namespaces: reader.u32(),
    bindings: reader.u32(),
    rulesets: reader.u32(),
    sets: reader.u32(),
    quarantined: reader.u32(),
    quarantine: reader.u8() !== 0,
    malformed: enumMember<Action>(Action, reader.u8()),
    version: reader.skip(2).text(VERSION_SIZE),
  };
}

/** The generation after the commit. */
export function decodeCommitted(payload: Buffer): bigint {
  const reader = new ByteReader(payload).expect(SIZE.committed, 'nsgate_committed');
  const generation = reader.u64();
  reader.end('nsgate_committed');
  return generation;
}

export function decodeListing(payload: Buffer): Listing {
  const reader = new ByteReader(payload).expect(SIZE.listing, 'nsgate_listing');
  const generation = reader.u64();
  const counts = { namespaces: reader.u32(), rulesets: reader.u32(), sets: reader.u32() };
  reader.skip(4).expect(counts.namespaces * SIZE.namespace, `a list of ${counts.namespaces} namespaces`);
  const namespaces = repeat(counts.namespaces, () => readNamespace(reader));
  reader.expect(counts.rulesets * SIZE.rulesetInfo, `a list of ${counts.rulesets} rulesets`);
  const rulesets = repeat(counts.rulesets, () => readRulesetInfo(reader));
  reader.expect(counts.sets * SIZE.setInfo, `a list of ${counts.sets} address sets`);
  const sets = repeat(counts.sets, () => readSetInfo(reader));
  reader.end('nsgate_listing');
  return { generation, namespaces, rulesets, sets };
}

export function decodeStats(payload: Buffer): Stats {
  const reader = new ByteReader(payload).expect(SIZE.stats, 'nsgate_stats');
  const cursor = reader.u64();
  const count = reader.u32();
  const lost = reader.u32();
  reader.expect(count * SIZE.bindingStats, `statistics of ${count} bindings`);
  const bindings = repeat(count, () => readBindingStats(reader));
  reader.end('nsgate_stats');
  return { cursor, lost, bindings };
}

export function decodeClassified(payload: Buffer): Classified {
  const reader = new ByteReader(payload).expect(SIZE.classified, 'nsgate_classified');
  const id = reader.u64();
  const epoch = reader.u64();
  const index = reader.u32();
  const verdict = readVerdict(reader);
  const digest = reader.skip(3).hex(DIGEST_SIZE);
  reader.end('nsgate_classified');
  return {
    verdict,
    rule: index === NO_INDEX ? undefined : { id, index },
    digest: /^0+$/.test(digest) ? undefined : digest,
    epoch,
  };
}

function readNamespace(reader: ByteReader): ListedNamespace {
  const birth = reader.u64();
  const cookie = reader.u64();
  const epoch = reader.u64();
  const inode = reader.u32();
  const flags = reader.u32();
  const digest = reader.hex(DIGEST_SIZE);
  return {
    birth,
    cookie,
    inode,
    initial: (flags & NamespaceFlag.INITIAL) !== 0,
    quarantined: (flags & NamespaceFlag.QUARANTINED) !== 0,
    binding: (flags & NamespaceFlag.BOUND) === 0 ? undefined : { digest, epoch },
    totals: readTotals(reader),
    quarantineDropped: reader.u64(),
  };
}

function readRulesetInfo(reader: ByteReader): ListedRuleset {
  return {
    digest: reader.hex(DIGEST_SIZE),
    memory: reader.u64(),
    rules: reader.u32(),
    bindings: reader.u32(),
  };
}

function readSetInfo(reader: ByteReader): ListedSet {
  const set = {
    name: reader.text(SET_NAME_SIZE),
    version: reader.u64(),
    memory: reader.u64(),
    members4: reader.u32(),
    members6: reader.u32(),
    rulesets: reader.u32(),
  };
  reader.skip(4);
  return set;
}

function readBindingStats(reader: ByteReader): BindingStats {
  reader.expect(SIZE.bindingStats, 'nsgate_binding_stats');
  const birth = reader.u64();
  const epoch = reader.u64();
  const inode = reader.u32();
  const count = reader.u32();
  const ended = (reader.u32() & StatsFlag.ENDED) !== 0;
  reader.skip(4);
  const hooks = repeat(HOOKS, () => readTotals(reader));
  reader.expect(count * SIZE.ruleCounters, `counters of ${count} rules`);
  const rules = repeat(count, () => readRuleCounters(reader));
  return { birth, epoch, inode, ended, hooks, rules: rules.filter(({ packets }) => packets > 0n) };
}

function readRuleCounters(reader: ByteReader): RuleCounters {
  return {
    id: reader.u64(),
    packets: reader.u64(),
    bytes: reader.u64(),
    shadowPackets: reader.u64(),
    lastHit: reader.u64(),
  };
}

function readVerdict(reader: ByteReader): Action {
  const value = reader.u8();
  const verdict = enumMember<Action>(Action, value);
  if (verdict === undefined) throw new MalformedReply(`${value} is no verdict`);
  return verdict;
}

function readTotals(reader: ByteReader): Totals {
  return {
    seen: reader.u64(),
    accepted: reader.u64(),
    dropped: reader.u64(),
    rejected: reader.u64(),
    malformed: reader.u64(),
    shadow: reader.u64(),
    defaulted: reader.u64(),
  };
}

function indexOrNone(index: number): number | undefined {
  return index === NO_INDEX ? undefined : index;
}

export function repeat<T>(count: number, read: () => T): T[] {
  return Array.from({ length: count }, read);
}
