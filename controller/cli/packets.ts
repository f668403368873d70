/** `nsgate packets`: sampled packets, one a line. */
import type { ServiceError } from '@grpc/grpc-js';
import { stringify } from 'yaml';
import {
  Action,
  actionToJSON,
  hookToJSON,
  PacketSample,
  RpcError,
  StreamPacketsRequest,
  tcpFlagToJSON,
  type StreamPacketsResponse,
} from '@nsgate/proto';
import type { CommandContext } from './command-context';
import { shortName, wholeJson, type Output } from './output';
import { statsFilter, type NarrowingOptions } from './statistics';

export const VERDICTS = ['accept', 'drop', 'reject', 'count'] as const;

export interface PacketsOptions extends NarrowingOptions {
  readonly verdict?: readonly (typeof VERDICTS)[number][];
  readonly cidr?: readonly string[];
  readonly source?: readonly string[];
  readonly destination?: readonly string[];
  readonly port?: readonly number[];
  readonly protocol?: readonly string[];
  readonly follow: boolean;
  readonly last?: number;
  readonly output: Output;
}

const DEFAULT_LAST = 20;
const PROTOCOLS: ReadonlyMap<number, string> = new Map([
  [1, 'icmp'],
  [6, 'tcp'],
  [17, 'udp'],
  [58, 'icmpv6'],
  [132, 'sctp'],
]);

/** Until the controller ends it, or it is interrupted. Losses are told on stderr. */
export async function showPackets(context: CommandContext, options: PacketsOptions): Promise<void> {
  const call = context.connection.stats.streamPackets(packetsRequest(options));
  let isEmpty = true;
  try {
    for await (const { event } of call as AsyncIterable<StreamPacketsResponse>) {
      isEmpty = false;
      if (event?.$case === 'sample') context.print(packetText(event.value, options.output));
      else if (event !== undefined) context.note(`${event.value} samples were lost`);
    }
  } catch (error) {
    throw RpcError.fromServiceError(error as ServiceError);
  } finally {
    call.cancel();
  }
  if (isEmpty)
    context.note('there are no such samples: packets are sampled by rules and default verdicts with log');
}

function packetsRequest(options: PacketsOptions): StreamPacketsRequest {
  const { verdict = [], cidr = [], source = [], destination = [], port = [], protocol = [] } = options;
  return StreamPacketsRequest.fromPartial({
    filter: statsFilter(options),
    verdicts: verdict.map((word) => Action[`ACTION_${word.toUpperCase()}` as 'ACTION_DROP']),
    prefixes: [...cidr],
    sourcePrefixes: [...source],
    destinationPrefixes: [...destination],
    ports: [...port],
    protocols: [...protocol],
    follow: options.follow,
    last: options.last ?? (options.follow ? 0 : DEFAULT_LAST),
  });
}

/** JSON and YAML: one document for each packet, so that a stream can be read as it comes. */
function packetText(packet: PacketSample, output: Output): string {
  const json = wholeJson('PacketSample', PacketSample.encode(packet).finish());
  if (output === 'json') return JSON.stringify(json);
  if (output === 'yaml') return `---\n${stringify(json).trimEnd()}`;
  return printable(output === 'name' ? author(packet) : packetLine(packet));
}

/** `time host namespace hook verdict author source -> destination protocol …`. */
export function packetLine(packet: PacketSample): string {
  const { time, host, namespace, hook, verdict, shadow, length, suppressed } = packet;
  const flags = packet.tcpFlags.map((flag) => shortName(tcpFlagToJSON(flag), 'TCP_FLAG_'));
  const decided = shortName(actionToJSON(verdict), 'ACTION_');
  return [
    time?.toISOString() ?? '-',
    `${host.replace('hosts/', '')}/${namespace}`,
    shortName(hookToJSON(hook), 'HOOK_'),
    shadow ? `shadow-${decided}` : decided,
    author(packet),
    `${endpoint(packet.source, packet.sourcePort)} -> ${endpoint(packet.destination, packet.destinationPort)}`,
    PROTOCOLS.get(packet.protocol) ?? String(packet.protocol),
    ...(flags.length > 0 ? [flags.join(',')] : []),
    ...(packet.protocol === 1 || packet.protocol === 58
      ? [`type ${packet.icmpType} code ${packet.icmpCode}`]
      : []),
    `${length} bytes`,
    ...(packet.inInterface === '' ? [] : [`in ${packet.inInterface}`]),
    ...(packet.outInterface === '' ? [] : [`out ${packet.outInterface}`]),
    ...(packet.fragment ? ['fragment'] : []),
    ...(packet.malformed ? ['malformed'] : []),
    ...(suppressed > 0n ? [`(${suppressed} more not sampled)`] : []),
  ].join(' ');
}

function author({ policy, ruleId, defaultVerdict, verdict }: PacketSample): string {
  const rule = defaultVerdict ? `(default ${shortName(actionToJSON(verdict), 'ACTION_')})` : ruleId;
  return `${policy === '' ? '(unknown)' : policy.replace('policies/', '')}/${rule}`;
}

function endpoint(address: string, port: number): string {
  if (port === 0) return address;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** What an agent says must not move the cursor of who reads it. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
