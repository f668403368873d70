/** StreamPackets: sampled packets that pass a filter, as they come and as they came. */
import { setTimeout } from 'node:timers/promises';
import type { StreamPacketsRequest, StreamPacketsResponse } from '@nsgate/proto';
import { ACTIONS } from '../compiler/wire-enums';
import { contains, parsePrefix, type IpPrefix } from '../model/ip-prefix';
import { parseProtocol, PROTOCOL_NAMES } from '../model/ip-protocol';
import type { CallContext } from '../rpc/service';
import { quote, Violations } from '../rpc/violations';
import { defaultRuleId } from '../stats/default-verdict';
import { MAX_HELD, type PacketLog, type SampledPacket } from '../stats/packet-log';
import type { RuleName } from '../stats/rule-directory';
import { StatsGrouping, type LabelsOf } from '../stats/stats-grouping';
import { checkCount, unknownEnum } from './field-parsers';
import { packetMessage } from './stats-message';
import { parseLimit, parseStatsFilter } from './stats-parser';

export interface PacketStreamOptions {
  readonly packets: PacketLog;
  readonly labelsOf: LabelsOf;
}

interface PacketQuery {
  readonly passes: (packet: SampledPacket) => boolean;
  /** Whether losses of the host are told. */
  readonly hasHost: (hostId: string) => boolean;
  readonly last: number;
  readonly follow: boolean;
}

const LOOK_EVERY_MS = 100;
const MAX_WAITING = 4096;
const MAX_ENTRIES = 100;

/** What comes while the client takes nothing waits, up to a bound, and is counted beyond. */
export async function* streamPackets(
  { packets, labelsOf }: PacketStreamOptions,
  request: StreamPacketsRequest,
  { signal }: CallContext,
): AsyncGenerator<StreamPacketsResponse> {
  const { passes, hasHost, last, follow } = parseRequest(request, labelsOf);
  let [waiting, lost]: [SampledPacket[], bigint] = [packets.last(last, passes), 0n];
  if (!follow) {
    yield* waiting.map(sampleEvent);
    return;
  }
  const room = Math.max(MAX_WAITING, waiting.length);
  const end = packets.listen((told) => {
    if ('lost' in told) lost += hasHost(told.hostId) ? told.lost : 0n;
    else if (!passes(told.packet)) return;
    else if (waiting.length < room) waiting.push(told.packet);
    else lost += 1n;
  });
  try {
    while (!signal.aborted) {
      const [now, lostNow] = [waiting, lost];
      [waiting, lost] = [[], 0n];
      yield* now.map(sampleEvent);
      if (lostNow > 0n) yield { event: { $case: 'lost', value: lostNow } };
      await setTimeout(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    end();
  }
}

function sampleEvent(packet: SampledPacket): StreamPacketsResponse {
  return { event: { $case: 'sample', value: packetMessage(packet) } };
}

function parseRequest(request: StreamPacketsRequest, labelsOf: LabelsOf): PacketQuery {
  const violations = new Violations();
  const filter = parseStatsFilter(request.filter, violations);
  const last = parseLimit(request.last, 'last', { max: MAX_HELD, otherwise: 0, violations });
  const checks = packetChecks(request, violations);
  violations.throwIfAny();
  const grouping = new StatsGrouping({ filter, groupBy: new Set(), labelKeys: [] }, labelsOf);
  const hosts = { ...filter, namespaces: [], policies: [], ruleIds: [] };
  const ofHosts = new StatsGrouping({ filter: hosts, groupBy: new Set(), labelKeys: [] }, labelsOf);
  return {
    passes: (packet) =>
      grouping.hasPlace(packet) &&
      grouping.hasRule(authorOf(packet)) &&
      checks.every((check) => check(packet)),
    hasHost: (hostId) => ofHosts.hasPlace({ hostId, namespace: '' }),
    last,
    follow: request.follow || last === 0,
  };
}

/** As statistics name it. */
function authorOf({ policy, ruleId, isDefault, verdict }: SampledPacket): RuleName {
  if (!isDefault) return { policy, ruleId };
  return { policy, ruleId: defaultRuleId(verdict === 'drop' ? 'drop' : 'accept') };
}

type Check = (packet: SampledPacket) => boolean;

function packetChecks(request: StreamPacketsRequest, violations: Violations): Check[] {
  const verdicts = parseVerdicts(request, violations);
  const either = parsePrefixes(request.prefixes, 'prefixes', violations);
  const sources = parsePrefixes(request.sourcePrefixes, 'source_prefixes', violations);
  const destinations = parsePrefixes(request.destinationPrefixes, 'destination_prefixes', violations);
  const ports = parsePorts(request.ports, violations);
  const protocols = parseProtocols(request.protocols, violations);
  const within = (prefixes: readonly IpPrefix[], address: Uint8Array): boolean =>
    prefixes.some((prefix) => contains(prefix, address));
  const checks: (Check | false)[] = [
    verdicts.size > 0 && (({ verdict }) => verdicts.has(verdict)),
    either.length > 0 && (({ source, destination }) => within(either, source) || within(either, destination)),
    sources.length > 0 && (({ source }) => within(sources, source)),
    destinations.length > 0 && (({ destination }) => within(destinations, destination)),
    ports.size > 0 &&
      (({ sourcePort, destinationPort }) => ports.has(sourcePort) || ports.has(destinationPort)),
    protocols.size > 0 && (({ protocol }) => protocols.has(protocol)),
  ];
  return checks.filter((check) => check !== false);
}

function parseVerdicts({ verdicts }: StreamPacketsRequest, violations: Violations): Set<string> {
  checkCount(verdicts, 'verdicts', { max: MAX_ENTRIES, violations });
  const words = verdicts.map((number, i) => {
    const word = ACTIONS.fromWire(number);
    if (word === undefined) violations.add(`verdicts[${i}]`, unknownEnum('a verdict', number));
    return word ?? '';
  });
  return new Set(words);
}

function parsePrefixes(texts: readonly string[], field: string, violations: Violations): IpPrefix[] {
  checkCount(texts, field, { max: MAX_ENTRIES, violations });
  return texts.flatMap((text, i) => {
    const parsed = parsePrefix(text);
    if (parsed.ok) return [parsed.prefix];
    violations.add(`${field}[${i}]`, `${quote(text)} ${parsed.problem}`);
    return [];
  });
}

function parsePorts(ports: readonly number[], violations: Violations): Set<number> {
  checkCount(ports, 'ports', { max: MAX_ENTRIES, violations });
  for (const [i, port] of ports.entries()) {
    if (port < 1 || port > 65_535) violations.add(`ports[${i}]`, `${port} is not from 1 to 65535`);
  }
  return new Set(ports);
}

function parseProtocols(texts: readonly string[], violations: Violations): Set<number> {
  checkCount(texts, 'protocols', { max: MAX_ENTRIES, violations });
  const numbers = texts.flatMap((text, i) => {
    const number = parseProtocol(text);
    if (number !== undefined) return [number];
    violations.add(
      `protocols[${i}]`,
      `${quote(text)} is none of ${PROTOCOL_NAMES}, and no number from 0 to 255`,
    );
    return [];
  });
  return new Set(numbers);
}
