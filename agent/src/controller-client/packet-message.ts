/** Sampled packets as messages of bounded size. Pure. */
import {
  Action as WireAction,
  ConnectionState as WireState,
  Hook as WireHook,
  type ConnectRequest,
  type SampledPacket,
} from '@nsgate/proto';
import { Action, ConnectionState, Hook, PacketFlag } from '../kernel-device';
import type { PacketSample } from '../stats/packet-samples';

/** Some hundred kilobytes. */
const CHUNK = 1000;

export const WIRE_HOOKS: Readonly<Record<Hook, WireHook>> = {
  [Hook.PREROUTING]: WireHook.HOOK_PREROUTING,
  [Hook.INPUT]: WireHook.HOOK_INPUT,
  [Hook.FORWARD]: WireHook.HOOK_FORWARD,
  [Hook.OUTPUT]: WireHook.HOOK_OUTPUT,
  [Hook.POSTROUTING]: WireHook.HOOK_POSTROUTING,
};

export const ACTIONS: Readonly<Record<Action, WireAction>> = {
  [Action.ACCEPT]: WireAction.ACTION_ACCEPT,
  [Action.DROP]: WireAction.ACTION_DROP,
  [Action.REJECT]: WireAction.ACTION_REJECT,
  [Action.COUNT]: WireAction.ACTION_COUNT,
};

const STATES: ReadonlyMap<number, WireState> = new Map([
  [ConnectionState.NEW, WireState.CONNECTION_STATE_NEW],
  [ConnectionState.ESTABLISHED, WireState.CONNECTION_STATE_ESTABLISHED],
  [ConnectionState.RELATED, WireState.CONNECTION_STATE_RELATED],
  [ConnectionState.INVALID, WireState.CONNECTION_STATE_INVALID],
  [ConnectionState.UNTRACKED, WireState.CONNECTION_STATE_UNTRACKED],
]);

/** None when there is nothing to tell. */
export function packetReports({
  packets,
  lost,
}: {
  packets: readonly PacketSample[];
  lost: bigint;
}): ConnectRequest[] {
  const reports: ConnectRequest[] = [];
  for (let at = 0; at < packets.length || (at === 0 && lost > 0n); at += CHUNK) {
    const part = packets.slice(at, at + CHUNK).map(wirePacket);
    const value = { packets: part, lost: at === 0 ? lost : 0n };
    reports.push({ message: { $case: 'packets', value } });
  }
  return reports;
}

function wirePacket({ time, namespace, defaultPolicy = '', packet }: PacketSample): SampledPacket {
  const { ruleId, hook, verdict, flags, state, ...rest } = packet;
  const { protocol, sourcePort, destinationPort, length } = rest;
  const { icmpType, icmpCode, tcpFlags, mark, inInterface, outInterface, suppressed } = rest;
  return {
    ...{ time, namespace, ruleKey: ruleId, defaultPolicy, hook: WIRE_HOOKS[hook], verdict: ACTIONS[verdict] },
    ...{ protocol, sourcePort, destinationPort, length },
    source: Buffer.from(packet.source),
    destination: Buffer.from(packet.destination),
    ...{ icmpType, icmpCode, tcpFlags, mark, inInterface, outInterface, suppressed },
    state: STATES.get(state) ?? WireState.CONNECTION_STATE_UNSPECIFIED,
    shadow: (flags & PacketFlag.SHADOW) !== 0,
    fragment: (flags & PacketFlag.FRAGMENT) !== 0,
    malformed: (flags & PacketFlag.MALFORMED) !== 0,
  };
}
