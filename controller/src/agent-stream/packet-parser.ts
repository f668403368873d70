/** Sampled packets as agents report them, from the wire to the model; as in report-parser.ts. */
import type { PacketReport, SampledPacket as PacketMessage } from '@nsgate/proto';
import { ACTIONS, CONNECTION_STATES, HOOKS } from '../compiler/wire-enums';
import type { TcpFlag } from '../model/match';
import { isPolicyName } from '../model/resource-name';
import type { SampledPacket } from '../stats/packet-log';
import type { RuleDirectory } from '../stats/rule-directory';
import { boundedText, isNamespaceName, type Parsed } from './report-parser';

/** In the order of the bits of byte 13 of the TCP header (RFC 9293). */
const TCP_FLAG_BITS: readonly TcpFlag[] = ['fin', 'syn', 'rst', 'psh', 'ack', 'urg', 'ece', 'cwr'];
const MAX_PORT = 65_535;

/** A packet of a rule that is not known says so by its number. */
export function parsePackets(
  { packets }: PacketReport,
  { hostId, rules }: { hostId: string; rules: Pick<RuleDirectory, 'find'> },
): Parsed<SampledPacket[]> {
  const value = packets
    .map((packet) => parsePacket(packet, hostId, rules))
    .filter((packet) => packet !== undefined);
  return { value, malformed: packets.length - value.length };
}

function parsePacket(
  message: PacketMessage,
  hostId: string,
  rules: Pick<RuleDirectory, 'find'>,
): SampledPacket | undefined {
  const [hook, verdict] = [HOOKS.fromWire(message.hook), ACTIONS.fromWire(message.verdict)];
  if (hook === undefined || verdict === undefined || !isPlausible(message)) return undefined;
  const { ruleKey, tcpFlags, state, inInterface, outInterface } = message;
  return {
    ...message,
    ...authorOf(message, rules),
    ...{ hostId, hook, verdict, isDefault: ruleKey === 0n },
    tcpFlags: TCP_FLAG_BITS.filter((_, bit) => (tcpFlags & (1 << bit)) !== 0),
    state: CONNECTION_STATES.fromWire(state),
    inInterface: boundedText(inInterface),
    outInterface: boundedText(outInterface),
  };
}

function authorOf(
  { ruleKey, defaultPolicy }: PacketMessage,
  rules: Pick<RuleDirectory, 'find'>,
): { policy: string; ruleId: string } {
  if (ruleKey === 0n) return { policy: isPolicyName(defaultPolicy) ? defaultPolicy : '', ruleId: '' };
  return rules.find(ruleKey) ?? { policy: '', ruleId: `0x${ruleKey.toString(16).padStart(16, '0')}` };
}

function isPlausible(message: PacketMessage): boolean {
  const { namespace, source, destination, protocol, sourcePort, destinationPort, icmpType, icmpCode } =
    message;
  return (
    isNamespaceName(namespace) &&
    (source.length === 4 || source.length === 16) &&
    source.length === destination.length &&
    [protocol, icmpType, icmpCode].every((byte) => byte <= 255) &&
    sourcePort <= MAX_PORT &&
    destinationPort <= MAX_PORT
  );
}
