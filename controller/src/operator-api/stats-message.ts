/** From the model to the messages of the statistics service. */
import {
  ConnectionState,
  Hook as WireHook,
  type PacketSample,
  type StatsGroup as StatsGroupMessage,
  type Traffic as TrafficMessage,
} from '@nsgate/proto';
import { ACTIONS, CONNECTION_STATES, HOOKS, TCP_FLAGS } from '../compiler/wire-enums';
import { formatAddress } from '../model/ip-prefix';
import { hostName } from '../model/resource-name';
import type { Traffic } from '../stats/counters';
import type { StatsGroup } from '../stats/grouped-view';
import type { SampledPacket } from '../stats/packet-log';
import type { Rates } from '../stats/rate-meter';

export function groupMessage(group: StatsGroup & { readonly rates?: Rates | undefined }): StatsGroupMessage {
  const { key, counters, traffic, lastHit, rates } = group;
  const { hostId, namespace, policy, ruleId, hook, labels } = key;
  return {
    namespace,
    policy,
    ruleId,
    host: hostId === '' ? '' : hostName(hostId),
    hook: hook === undefined ? WireHook.HOOK_UNSPECIFIED : HOOKS.toWire(hook),
    labels: Object.fromEntries(labels),
    counters,
    traffic: traffic && trafficMessage(traffic),
    rates,
    lastHitTime: lastHit === 0 ? undefined : new Date(lastHit),
  };
}

export function trafficMessage(traffic: Traffic): TrafficMessage {
  const { accepted, dropped, rejected, shadowDropped, malformed, defaulted } = traffic;
  const seen = accepted + dropped + rejected;
  return { seen, accepted, dropped, rejected, shadowDropped, malformed, defaulted };
}

export function packetMessage(packet: SampledPacket): PacketSample {
  const { hostId, hook, isDefault, verdict, source, destination, tcpFlags, state, ...told } = packet;
  return {
    ...told,
    host: hostName(hostId),
    hook: HOOKS.toWire(hook),
    defaultVerdict: isDefault,
    verdict: ACTIONS.toWire(verdict),
    source: formatAddress(source),
    destination: formatAddress(destination),
    tcpFlags: tcpFlags.map((flag) => TCP_FLAGS.toWire(flag)),
    state:
      state === undefined ? ConnectionState.CONNECTION_STATE_UNSPECIFIED : CONNECTION_STATES.toWire(state),
  };
}
