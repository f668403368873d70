/** The model's words and the numbers of the generated enums, both ways. */
import {
  Action,
  ConnectionState as WireConnectionState,
  Hook as WireHook,
  HostEventKind as WireHostEventKind,
  NamespaceState as WireNamespaceState,
  RejectWith as WireRejectWith,
  TcpFlag as WireTcpFlag,
  Tier as WireTier,
} from '@nsgate/proto';
import type { HostEventKind, NamespaceState } from '../model/host';
import type { ConnectionState, TcpFlag } from '../model/match';
import type { Hook, RejectWith, RuleAction, Tier } from '../model/policy';

/** A one-to-one table; numbers outside it, 0 among them, have no word. */
class WireEnum<Word extends string, Wire extends number> {
  readonly #words: ReadonlyMap<number, Word>;

  constructor(private readonly numbers: Readonly<Record<Word, Wire>>) {
    const entries = Object.entries(numbers) as [Word, Wire][];
    this.#words = new Map(entries.map(([word, number]) => [number, word]));
  }

  toWire(word: Word): Wire {
    return this.numbers[word];
  }

  fromWire(number: number): Word | undefined {
    return this.#words.get(number);
  }
}

export const HOOKS = new WireEnum<Hook, WireHook>({
  prerouting: WireHook.HOOK_PREROUTING,
  input: WireHook.HOOK_INPUT,
  forward: WireHook.HOOK_FORWARD,
  output: WireHook.HOOK_OUTPUT,
  postrouting: WireHook.HOOK_POSTROUTING,
});

export const ACTIONS = new WireEnum<RuleAction['kind'], Action>({
  accept: Action.ACTION_ACCEPT,
  drop: Action.ACTION_DROP,
  reject: Action.ACTION_REJECT,
  count: Action.ACTION_COUNT,
});

export const REJECT_WITH = new WireEnum<RejectWith, WireRejectWith>({
  'network-unreachable': WireRejectWith.REJECT_WITH_NETWORK_UNREACHABLE,
  'host-unreachable': WireRejectWith.REJECT_WITH_HOST_UNREACHABLE,
  'port-unreachable': WireRejectWith.REJECT_WITH_PORT_UNREACHABLE,
  'admin-prohibited': WireRejectWith.REJECT_WITH_ADMIN_PROHIBITED,
  'tcp-reset': WireRejectWith.REJECT_WITH_TCP_RESET,
});

export const TIER_NAMES = new WireEnum<Tier, WireTier>({
  emergency: WireTier.TIER_EMERGENCY,
  security: WireTier.TIER_SECURITY,
  platform: WireTier.TIER_PLATFORM,
  default: WireTier.TIER_DEFAULT,
  baseline: WireTier.TIER_BASELINE,
});

export const TCP_FLAGS = new WireEnum<TcpFlag, WireTcpFlag>({
  fin: WireTcpFlag.TCP_FLAG_FIN,
  syn: WireTcpFlag.TCP_FLAG_SYN,
  rst: WireTcpFlag.TCP_FLAG_RST,
  psh: WireTcpFlag.TCP_FLAG_PSH,
  ack: WireTcpFlag.TCP_FLAG_ACK,
  urg: WireTcpFlag.TCP_FLAG_URG,
  ece: WireTcpFlag.TCP_FLAG_ECE,
  cwr: WireTcpFlag.TCP_FLAG_CWR,
});

export const CONNECTION_STATES = new WireEnum<ConnectionState, WireConnectionState>({
  new: WireConnectionState.CONNECTION_STATE_NEW,
  established: WireConnectionState.CONNECTION_STATE_ESTABLISHED,
  related: WireConnectionState.CONNECTION_STATE_RELATED,
  invalid: WireConnectionState.CONNECTION_STATE_INVALID,
  untracked: WireConnectionState.CONNECTION_STATE_UNTRACKED,
});

export const NAMESPACE_STATES = new WireEnum<NamespaceState, WireNamespaceState>({
  ready: WireNamespaceState.NAMESPACE_STATE_READY,
  placeholder: WireNamespaceState.NAMESPACE_STATE_PLACEHOLDER,
  alias: WireNamespaceState.NAMESPACE_STATE_ALIAS,
  stray: WireNamespaceState.NAMESPACE_STATE_STRAY,
  guarded: WireNamespaceState.NAMESPACE_STATE_GUARDED,
  shadowed: WireNamespaceState.NAMESPACE_STATE_SHADOWED,
  quarantined: WireNamespaceState.NAMESPACE_STATE_QUARANTINED,
  lingering: WireNamespaceState.NAMESPACE_STATE_LINGERING,
});

export const HOST_EVENT_KINDS = new WireEnum<HostEventKind, WireHostEventKind>({
  'drift-repaired': WireHostEventKind.HOST_EVENT_KIND_DRIFT_REPAIRED,
  'module-reloaded': WireHostEventKind.HOST_EVENT_KIND_MODULE_RELOADED,
  'module-unusable': WireHostEventKind.HOST_EVENT_KIND_MODULE_UNUSABLE,
  'state-file': WireHostEventKind.HOST_EVENT_KIND_STATE_FILE,
  'quarantine-released': WireHostEventKind.HOST_EVENT_KIND_QUARANTINE_RELEASED,
});
