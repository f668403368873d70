/** A packet of the wire as the agent asks about it, and the answer as the wire has it. Pure. */
import {
  Action as WireAction,
  ConnectionState as WireState,
  Hook as WireHook,
  type ConnectRequest,
  type ExplainQuestion,
} from '@nsgate/proto';
import type { Explanation, PacketQuestion } from '../explain/explain';
import { Action, ConnectionState, Hook } from '../kernel-device';

const HOOKS = new Map<WireHook, Hook>([
  [WireHook.HOOK_PREROUTING, Hook.PREROUTING],
  [WireHook.HOOK_INPUT, Hook.INPUT],
  [WireHook.HOOK_FORWARD, Hook.FORWARD],
  [WireHook.HOOK_OUTPUT, Hook.OUTPUT],
  [WireHook.HOOK_POSTROUTING, Hook.POSTROUTING],
]);

const STATES = new Map<WireState, ConnectionState>([
  [WireState.CONNECTION_STATE_NEW, ConnectionState.NEW],
  [WireState.CONNECTION_STATE_ESTABLISHED, ConnectionState.ESTABLISHED],
  [WireState.CONNECTION_STATE_RELATED, ConnectionState.RELATED],
  [WireState.CONNECTION_STATE_INVALID, ConnectionState.INVALID],
  [WireState.CONNECTION_STATE_UNTRACKED, ConnectionState.UNTRACKED],
]);

const VERDICTS = new Map<Action, WireAction>([
  [Action.ACCEPT, WireAction.ACTION_ACCEPT],
  [Action.DROP, WireAction.ACTION_DROP],
  [Action.REJECT, WireAction.ACTION_REJECT],
]);

const MAX_FAULT = 1024;

/** What does not fit is left for whoever asks the kernel to refuse. */
export function readQuestion(question: ExplainQuestion): PacketQuestion {
  const { hook, state, inInterface, outInterface } = question;
  return {
    namespace: question.namespace,
    hook: HOOKS.get(hook),
    source: question.source,
    destination: question.destination,
    protocol: question.protocol,
    sourcePort: question.sourcePort,
    destinationPort: question.destinationPort,
    icmpType: question.icmpType,
    icmpCode: question.icmpCode,
    tcpFlags: question.tcpFlags,
    state: STATES.get(state) ?? 0,
    mark: question.mark,
    inInterface,
    outInterface,
  };
}

export function explainAnswer(id: bigint, ask: () => Explanation): ConnectRequest['message'] {
  return { $case: 'explained', value: { id, result: resultOf(ask) } };
}

type Result = Extract<NonNullable<ConnectRequest['message']>, { $case: 'explained' }>['value']['result'];

function resultOf(ask: () => Explanation): Result {
  try {
    const { verdict, policy, ruleId, revision, digest } = ask();
    return {
      $case: 'verdict',
      value: {
        verdict: VERDICTS.get(verdict) ?? WireAction.ACTION_UNSPECIFIED,
        policy: policy ?? '',
        ruleId: ruleId ?? '',
        policyRevision: revision ?? 0n,
        rulesetDigest: digest ?? '',
      },
    };
  } catch (error) {
    return { $case: 'fault', value: (error as Error).message.slice(0, MAX_FAULT) };
  }
}
