/** A rule of the wire in the kernel's terms, or a PolicyFault that says what is wrong with it. Pure. */
import {
  Action as WireAction,
  Hook as WireHook,
  RejectWith as WireRejectWith,
  ruleKey,
  type AgentRule,
  type LogSampling,
} from '@nsgate/proto';
import { PolicyFault, type PolicyRule } from '../desired-state/policy';
import { Action, Hook, RejectWith, type LogRate } from '../kernel-device';
import { demand, lookUp } from './demand';
import { isOnly, readMatch, TCP } from './match-message';

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

const REJECT_HOOKS = new Set([Hook.INPUT, Hook.FORWARD, Hook.OUTPUT]);

/** Throws PolicyFault. `policyUid` is what the rule's key is made of. */
export function readRule(message: AgentRule, policyUid: string): PolicyRule {
  demand(/^[A-Za-z0-9_.-]{1,63}$/.test(message.id), `rule id ${JSON.stringify(message.id)} is malformed`);
  try {
    return {
      id: message.id,
      rule: {
        id: readKey(message, policyUid),
        ...readVerdict(message),
        ...readLog(message.log),
        ...readMatch(message, readHook(message.hook)),
      },
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

function readReject({ rejectWith, protocols, negated }: AgentRule, hook: Hook): RejectWith {
  demand(REJECT_HOOKS.has(hook), 'reject works on input, forward and output only');
  const answer = lookUp(REJECTS, rejectWith, 'reject_with');
  const isTcp = isOnly({ protocols, negated }, [TCP]);
  demand(answer !== RejectWith.TCP_RESET || isTcp, 'a tcp reset needs the protocol tcp, and no other');
  return answer;
}

const LOG_RATE = { max: 1000, fallback: 10 };

/** Nothing when there are to be no samples. Throws PolicyFault. */
export function readLog(log: LogSampling | undefined): { log?: LogRate } {
  if (log === undefined) return {};
  const rate = log.rate === 0 ? LOG_RATE.fallback : log.rate;
  const burst = log.burst === 0 ? rate : log.burst;
  demand(
    rate <= LOG_RATE.max && burst <= LOG_RATE.max,
    `its log asks for ${rate} samples a second, ${burst} at once: over ${LOG_RATE.max}`,
  );
  return { log: { rate, burst } };
}
