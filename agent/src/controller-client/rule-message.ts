/** A rule of the wire in the kernel's terms, or a PolicyFault that says what is wrong with it. Pure. */
import {
  Action as WireAction,
  Hook as WireHook,
  RejectWith as WireRejectWith,
  ruleKey,
  type AgentRule,
  type Prefix as WirePrefix,
} from '@nsgate/proto';
import { PolicyFault, type PolicyRule } from '../desired-state/policy';
import {
  Action,
  Family,
  Hook,
  MatchKind,
  MAX_ITEMS,
  RejectWith,
  type Match,
  type Prefix,
} from '../kernel-device';

const HOOKS = new Map<WireHook, Hook>([
  [WireHook.HOOK_PREROUTING, Hook.PREROUTING],
  [WireHook.HOOK_INPUT, Hook.INPUT],
  [WireHook.HOOK_FORWARD, Hook.FORWARD],
  [WireHook.HOOK_OUTPUT, Hook.OUTPUT],
  [WireHook.HOOK_POSTROUTING, Hook.POSTROUTING],
]);

const ACTIONS = new Map<WireAction, Action>([
  [WireAction.ACTION_ACCEPT, Action.ACCEPT],
  [WireAction.ACTION_DROP, Action.DROP],
  [WireAction.ACTION_REJECT, Action.REJECT],
  [WireAction.ACTION_COUNT, Action.COUNT],
]);

const REJECTS = new Map<WireRejectWith, RejectWith>([
  [WireRejectWith.REJECT_WITH_NETWORK_UNREACHABLE, RejectWith.NET_UNREACH],
  [WireRejectWith.REJECT_WITH_HOST_UNREACHABLE, RejectWith.HOST_UNREACH],
  [WireRejectWith.REJECT_WITH_PORT_UNREACHABLE, RejectWith.PORT_UNREACH],
  [WireRejectWith.REJECT_WITH_ADMIN_PROHIBITED, RejectWith.ADMIN_PROHIBITED],
  [WireRejectWith.REJECT_WITH_TCP_RESET, RejectWith.TCP_RESET],
]);

const TCP = 6;

/** tcp, udp, dccp, sctp, udplite (IANA protocol numbers). */
const PROTOCOLS_WITH_PORTS = new Set([TCP, 17, 33, 132, 136]);

const REJECT_HOOKS = new Set([Hook.INPUT, Hook.FORWARD, Hook.OUTPUT]);

/** Throws PolicyFault. `policyUid` is what the rule's key is made of. */
export function readRule(message: AgentRule, policyUid: string): PolicyRule {
  demand(/^[A-Za-z0-9_.-]{1,63}$/.test(message.id), `rule id ${JSON.stringify(message.id)} is malformed`);
  try {
    return {
      id: message.id,
      rule: { id: readKey(message, policyUid), ...readVerdict(message), ...readMatch(message) },
    };
  } catch (error) {
    if (error instanceof PolicyFault) throw new PolicyFault(`rule ${message.id}: ${error.message}`);
    throw error;
  }
}

/** The hook's number in the kernel. Throws PolicyFault. */
export function readHook(hook: WireHook): Hook {
  return lookUp(HOOKS, hook, 'hook');
}

/** The action's number in the kernel. Throws PolicyFault. */
export function readAction(action: WireAction): Action {
  return lookUp(ACTIONS, action, 'action');
}

export function demand(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new PolicyFault(otherwise);
}

function lookUp<K extends number, V>(members: ReadonlyMap<K, V>, value: K, what: string): V {
  const found = members.get(value);
  demand(found !== undefined, `${what} ${value} is none that this agent knows`);
  return found;
}

function readKey({ key, id }: AgentRule, policyUid: string): bigint {
  demand(key === ruleKey(policyUid, id), `its key ${key} is not the one of this policy and rule id`);
  return key;
}

function readVerdict(message: AgentRule): {
  hook: Hook;
  action: Action;
  shadow: boolean;
  rejectWith?: RejectWith;
} {
  const hook = readHook(message.hook);
  const action = readAction(message.action);
  const { shadow } = message;
  demand(
    !shadow || action === Action.DROP || action === Action.REJECT,
    'only drop and reject can be shadowed',
  );
  if (action === Action.REJECT) return { hook, action, shadow, rejectWith: readReject(message, hook) };
  demand(message.rejectWith === WireRejectWith.REJECT_WITH_UNSPECIFIED, 'reject_with goes with reject only');
  return { hook, action, shadow };
}

function readReject({ rejectWith, protocols }: AgentRule, hook: Hook): RejectWith {
  demand(REJECT_HOOKS.has(hook), 'reject works on input, forward and output only');
  const answer = lookUp(REJECTS, rejectWith, 'reject_with');
  const isTcp = protocols.length > 0 && protocols.every((protocol) => protocol === TCP);
  demand(answer !== RejectWith.TCP_RESET || isTcp, 'a tcp reset needs the protocol tcp, and no other');
  return answer;
}

function readMatch(message: AgentRule): { families: number; matches: Match[] } {
  const families = (message.ipv4 ? Family.IPV4 : 0) | (message.ipv6 ? Family.IPV6 : 0);
  demand(families !== 0, 'it matches no address family');
  const sources = splitPrefixes(message.sources, families, 'source');
  const destinations = splitPrefixes(message.destinations, families, 'destination');
  const matches: Match[] = [
    { kind: MatchKind.SRC4, items: sources.v4 },
    { kind: MatchKind.DST4, items: destinations.v4 },
    { kind: MatchKind.SRC6, items: sources.v6 },
    { kind: MatchKind.DST6, items: destinations.v6 },
    { kind: MatchKind.PROTOCOL, items: readProtocols(message) },
    { kind: MatchKind.SPORT, items: readPorts(message.sourcePorts, 'source') },
    { kind: MatchKind.DPORT, items: readPorts(message.destinationPorts, 'destination') },
  ];
  const stated = matches.filter(({ items }) => items.length > 0);
  demand(
    stated.every(({ items }) => items.length <= MAX_ITEMS),
    `a list has over ${MAX_ITEMS} entries`,
  );
  return { families, matches: stated };
}

function splitPrefixes(
  prefixes: WirePrefix[],
  families: number,
  end: string,
): { v4: Prefix[]; v6: Prefix[] } {
  const v4 = prefixes.filter(({ address }) => address.length === 4);
  const v6 = prefixes.filter(({ address }) => address.length === 16);
  demand(v4.length + v6.length === prefixes.length, `a ${end} address is neither of 4 nor of 16 bytes`);
  prefixes.forEach((prefix) => checkPrefix(prefix, end));
  const stated = (v4.length > 0 ? Family.IPV4 : 0) | (v6.length > 0 ? Family.IPV6 : 0);
  demand(
    stated === 0 || stated === families,
    `its ${end} prefixes are not of the families that it matches: it would match the other's from anywhere`,
  );
  return { v4, v6 };
}

function checkPrefix({ address, length }: WirePrefix, end: string): void {
  demand(length <= address.length * 8, `a ${end} prefix has ${length} bits, more than its address`);
  const isZeroBeyond = address.every((byte, index) => {
    const bits = Math.min(Math.max(length - index * 8, 0), 8);
    return (byte & (0xff >> bits)) === 0;
  });
  demand(isZeroBeyond, `a ${end} prefix has bits set beyond its length of ${length}`);
}

function readProtocols({ protocols, sourcePorts, destinationPorts }: AgentRule): number[] {
  demand(
    protocols.every((protocol) => protocol <= 255),
    'a protocol is above 255',
  );
  const unique = [...new Set(protocols)];
  if (sourcePorts.length + destinationPorts.length === 0) return unique;
  const havePorts = unique.length > 0 && unique.every((protocol) => PROTOCOLS_WITH_PORTS.has(protocol));
  demand(havePorts, 'ports need protocols that have ports, and only these');
  return unique;
}

function readPorts(
  ranges: { first: number; last: number }[],
  end: string,
): { first: number; last: number }[] {
  for (const { first, last } of ranges) {
    demand(first <= last && last <= 65535, `${end} ports ${first}-${last} are no range within 0-65535`);
  }
  return ranges;
}
