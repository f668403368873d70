/** Explain: what the ruleset that is live in a host's kernel does with a described packet. */
import { status } from '@grpc/grpc-js';
import {
  ConnectionState,
  RpcError,
  type ExplainRequest,
  type ExplainResponse,
  type TcpFlag,
} from '@nsgate/proto';
import type { AgentHub } from '../agent-stream/agent-hub';
import type { Explained, PacketQuestion } from '../agent-stream/explain-desk';
import { TCP_FLAG_BITS } from '../compiler/compile-rule';
import { CONNECTION_STATES, HOOKS, TCP_FLAGS } from '../compiler/wire-enums';
import type { HostRegistry } from '../host-registry/host-registry';
import { interfaceProblem } from '../model/interface-pattern';
import { parsePrefix } from '../model/ip-prefix';
import { parseProtocol, PROTOCOL_NAMES } from '../model/ip-protocol';
import { hostIdOf } from '../model/resource-name';
import { quote, Violations } from '../rpc/violations';
import { checkHostName, parseDuration, unknownEnum } from './field-parsers';
import { notFound } from './resource-errors';

const DEFAULT_TIMEOUT_MS = 5000;
const MAX_TIMEOUT_MS = 3_600_000;
const MAX_NAME_BYTES = 255;

export async function explain(
  { registry, hub }: { registry: HostRegistry; hub: Pick<AgentHub, 'explain'> },
  request: ExplainRequest,
): Promise<ExplainResponse> {
  const violations = new Violations();
  checkHostName(request.host, 'host', violations);
  const question = parsePacket(request, violations);
  const limits = { minMs: 1, maxMs: MAX_TIMEOUT_MS, violations };
  const timeoutMs = parseDuration(request.timeout, 'timeout', limits) ?? DEFAULT_TIMEOUT_MS;
  violations.throwIfAny();
  const hostId = hostIdOf(request.host) ?? '';
  if (registry.get(hostId) === undefined) throw notFound(request.host);
  const explained = await hub.explain(hostId, question, timeoutMs);
  return answer(explained ?? { kind: 'gone' }, request.host);
}

function parsePacket(request: ExplainRequest, violations: Violations): PacketQuestion {
  checkNamespace(request.namespace, violations);
  if (HOOKS.fromWire(request.hook) === undefined) {
    violations.add('hook', unknownEnum('a hook', request.hook));
  }
  const source = parseAddress(request.source, 'source', violations);
  const destination = parseAddress(request.destination, 'destination', violations);
  if (source.length > 0 && destination.length > 0 && source.length !== destination.length) {
    violations.add('destination', `${quote(request.destination)} is not of the family of the source`);
  }
  checkNumbers(request, violations);
  checkInterfaces(request, violations);
  if (
    request.state !== ConnectionState.CONNECTION_STATE_UNSPECIFIED &&
    CONNECTION_STATES.fromWire(request.state) === undefined
  ) {
    violations.add('state', unknownEnum('a state', request.state));
  }
  const {
    namespace,
    hook,
    sourcePort,
    destinationPort,
    icmpType,
    icmpCode,
    state,
    mark,
    inInterface,
    outInterface,
  } = request;
  return {
    ...{ namespace, hook, source, destination, sourcePort, destinationPort, icmpType, icmpCode, state, mark },
    ...{ inInterface, outInterface },
    protocol: parseProtocolField(request.protocol, violations),
    tcpFlags: parseTcpFlags(request.tcpFlags, violations),
  };
}

function checkNamespace(name: string, violations: Violations): void {
  if (name === '') violations.add('namespace', 'is required: the name of a namespace');
  else if (Buffer.byteLength(name) > MAX_NAME_BYTES) {
    violations.add('namespace', `is longer than ${MAX_NAME_BYTES} bytes`);
  }
}

function parseAddress(text: string, field: string, violations: Violations): Buffer {
  const parsed = parsePrefix(text);
  if (parsed.ok && !text.includes('/')) return Buffer.from(parsed.prefix.address);
  violations.add(
    field,
    text === '' ? 'is required: an address' : `${quote(text)} is not an IPv4 or IPv6 address`,
  );
  return Buffer.alloc(0);
}

function parseProtocolField(text: string, violations: Violations): number {
  const number = parseProtocol(text);
  if (number === undefined) {
    violations.add('protocol', `${quote(text)} is none of ${PROTOCOL_NAMES}, nor a number from 0 to 255`);
  }
  return number ?? 0;
}

function checkNumbers(request: ExplainRequest, violations: Violations): void {
  const bounds = {
    source_port: [request.sourcePort, 65_535],
    destination_port: [request.destinationPort, 65_535],
    icmp_type: [request.icmpType, 255],
    icmp_code: [request.icmpCode, 255],
  } as const;
  for (const [field, [value, max]] of Object.entries(bounds)) {
    if (value > max) violations.add(field, `${value} is above ${max}`);
  }
}

function checkInterfaces({ inInterface, outInterface }: ExplainRequest, violations: Violations): void {
  for (const [field, name] of Object.entries({ in_interface: inInterface, out_interface: outInterface })) {
    const problem = name.endsWith('*')
      ? 'is a prefix, not a name'
      : name === ''
        ? undefined
        : interfaceProblem(name);
    if (problem !== undefined) violations.add(field, `${quote(name)} ${problem}`);
  }
}

function parseTcpFlags(flags: readonly TcpFlag[], violations: Violations): number {
  return flags.reduce<number>((bits, flag, i) => {
    const word = TCP_FLAGS.fromWire(flag);
    if (word === undefined) violations.add(`tcp_flags[${i}]`, unknownEnum('a flag', flag));
    return word === undefined ? bits : bits | TCP_FLAG_BITS[word];
  }, 0);
}

function answer(explained: Explained, host: string): ExplainResponse {
  switch (explained.kind) {
    case 'verdict':
      return explained.verdict;
    case 'fault':
      throw new RpcError(status.FAILED_PRECONDITION, `${host} cannot tell: ${explained.fault}`);
    case 'timeout':
      throw new RpcError(status.DEADLINE_EXCEEDED, `${host} has not answered in time`);
    case 'gone':
      throw new RpcError(status.UNAVAILABLE, `the agent of ${host} is not connected`);
    case 'busy':
      throw new RpcError(
        status.RESOURCE_EXHAUSTED,
        `${host} has many questions to answer already: ask again later`,
      );
  }
}
