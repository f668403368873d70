/**
 * Whether a policy, acting in a host's own network, could cut the host off: pure, and on the safe side.
 *
 * Four kinds of packets keep a host reachable: SSH to it, and the answers; the agent's connection to its controller, and the answers. For
 * each hook that they pass, the policy's rules are tried in order, as the kernel would: a rule that accepts every such packet ends
 * the trial well; one that stops even some of them, or a default verdict that drops, ends it badly. Rules of other policies are
 * not taken into account.
 *
 * Worked example: [accept tcp dport 22, drop all] on INPUT lets SSH in, but stops the controller's answers (tcp sport 7443).
 */
import { parseProtocol, TCP } from '../model/ip-protocol';
import {
  protocolCriterion,
  tcpFlagsCriterion,
  TEXT_FIELDS,
  textCriterion,
  type ConnectionState,
  type Criterion,
} from '../model/match';
import type { Hook, PolicySpec, Rule } from '../model/policy';
import { parsePortRange, type PortRange } from '../model/port-range';

/** What would be cut off, where, and by what. */
export interface CutOff {
  readonly way: string;
  readonly hook: Hook;
  /** Undefined: the default verdict. */
  readonly ruleId: string | undefined;
}

/** Some packets of one connection in one direction. */
interface Flow {
  readonly way: string;
  readonly hooks: readonly Hook[];
  /** Which of the ports is known, and its number. */
  readonly known: 'sourcePorts' | 'destinationPorts';
  readonly port: number;
  /** What connection tracking may make of its packets. */
  readonly states: readonly ConnectionState[];
}

const SSH = 22;
/** What clients connect from: net.ipv4.ip_local_port_range of Linux. */
const EPHEMERAL: PortRange = { first: 32768, last: 60999 };
const INWARD: readonly Hook[] = ['prerouting', 'input'];
const OUTWARD: readonly Hook[] = ['output', 'postrouting'];

/** The first way that the policy could cut off; undefined when none. Without a port, agents connect in no way that is known. */
export function findCutOff(
  policy: Pick<PolicySpec, 'rules' | 'defaultVerdicts'>,
  controllerPort: number | undefined,
): CutOff | undefined {
  for (const flow of flows(controllerPort)) {
    for (const hook of flow.hooks) {
      const stopped = tryFlow(policy, flow, hook);
      if (stopped !== undefined) return stopped;
    }
  }
  return undefined;
}

function flows(controllerPort: number | undefined): Flow[] {
  const started = { known: 'destinationPorts', states: ['new', 'established'] } as const;
  const answered = { known: 'sourcePorts', states: ['established'] } as const;
  const ssh = { way: 'SSH to the host', port: SSH };
  const inward = [
    { ...ssh, ...started, hooks: INWARD },
    { ...ssh, ...answered, hooks: OUTWARD },
  ];
  if (controllerPort === undefined) return inward;
  const control = { way: "the agent's way to its controller", port: controllerPort };
  return [...inward, { ...control, ...started, hooks: OUTWARD }, { ...control, ...answered, hooks: INWARD }];
}

function tryFlow(
  { rules, defaultVerdicts }: Pick<PolicySpec, 'rules' | 'defaultVerdicts'>,
  flow: Flow,
  hook: Hook,
): CutOff | undefined {
  for (const rule of rules) {
    if (rule.hook !== hook || !mayMatch(rule, flow)) continue;
    if (rule.action.kind === 'accept' && matchesAll(rule, flow)) return undefined;
    if (stops(rule)) return { way: flow.way, hook, ruleId: rule.id };
  }
  const drops = defaultVerdicts.some((one) => one.hook === hook && one.verdict === 'drop');
  return drops ? { way: flow.way, hook, ruleId: undefined } : undefined;
}

function stops({ action }: Rule): boolean {
  return (action.kind === 'drop' || action.kind === 'reject') && !action.shadow;
}

/** Whether some packet of the flow may match: false only when none can. */
function mayMatch({ match }: Rule, { known, port, states }: Flow): boolean {
  const protocol = protocolCriterion(match);
  const isTcp = protocol.items.some((text) => parseProtocol(text) === TCP) !== protocol.negated;
  const untracked = match.states.includes('untracked');
  return (
    (protocol.items.length === 0 || isTcp) &&
    mayHold(textCriterion(match, known), { first: port, last: port }) &&
    mayHold(textCriterion(match, otherSide(known)), EPHEMERAL) &&
    (match.states.length === 0 || untracked || states.some((state) => match.states.includes(state)))
  );
}

/** Whether every packet of the flow matches: nothing else is asked. */
function matchesAll({ match }: Rule, { known, states }: Flow): boolean {
  const others = TEXT_FIELDS.filter((name) => name !== known);
  return (
    others.every((name) => textCriterion(match, name).items.length === 0) &&
    tcpFlagsCriterion(match).items.length === 0 &&
    (match.states.length === 0 || states.every((state) => match.states.includes(state)))
  );
}

function otherSide(known: Flow['known']): Flow['known'] {
  return known === 'sourcePorts' ? 'destinationPorts' : 'sourcePorts';
}

/** Whether some port of the range may fulfil what is asked. */
function mayHold({ items, negated }: Criterion<string>, { first, last }: PortRange): boolean {
  if (items.length === 0) return true;
  const ranges = items.map(parsePortRange).flatMap((parsed) => (parsed.ok ? [parsed.range] : []));
  if (negated) return !ranges.some((range) => range.first <= first && last <= range.last);
  return ranges.some((range) => range.first <= last && first <= range.last);
}
