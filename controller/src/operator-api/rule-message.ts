/** From the model to the Rule message. */
import {
  RejectWith,
  type Match as MatchMessage,
  type Rule as RuleMessage,
  type TcpFlagsMatch as TcpFlagsMessage,
} from '@nsgate/proto';
import { ACTIONS, CONNECTION_STATES, HOOKS, REJECT_WITH, TCP_FLAGS } from '../compiler/wire-enums';
import { matchesAny, type Match, type TcpFlagsMatch } from '../model/match';
import type { Rule } from '../model/policy';

export function ruleMessage({ id, comment, hook, match, action, log }: Rule): RuleMessage {
  return {
    id,
    comment,
    hook: HOOKS.toWire(hook),
    match: matchesAny(match) ? undefined : matchMessage(match),
    action: ACTIONS.toWire(action.kind),
    shadow: 'shadow' in action && action.shadow,
    rejectWith:
      action.kind === 'reject' && action.answer !== undefined
        ? REJECT_WITH.toWire(action.answer)
        : RejectWith.REJECT_WITH_UNSPECIFIED,
    log: log && { ...log },
  };
}

function matchMessage(match: Match): MatchMessage {
  return {
    // Lists of the model are never changed in place, nor are those of messages that are sent.
    ...(match as unknown as MatchMessage),
    tcpFlags: match.tcpFlags.map(tcpFlagsMessage),
    notTcpFlags: match.notTcpFlags.map(tcpFlagsMessage),
    states: match.states.map((state) => CONNECTION_STATES.toWire(state)),
  };
}

function tcpFlagsMessage({ set, unset }: TcpFlagsMatch): TcpFlagsMessage {
  return {
    set: set.map((flag) => TCP_FLAGS.toWire(flag)),
    unset: unset.map((flag) => TCP_FLAGS.toWire(flag)),
  };
}
