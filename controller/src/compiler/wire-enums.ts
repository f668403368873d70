/** The model's words and the numbers of the generated enums, both ways. */
import {
  Action,
  Hook as WireHook,
  NamespaceState as WireNamespaceState,
  RejectWith as WireRejectWith,
} from '@nsgate/proto';
import type { NamespaceState } from '../model/host';
import type { Hook, RejectWith, RuleAction } from '../model/policy';

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

export const NAMESPACE_STATES = new WireEnum<NamespaceState, WireNamespaceState>({
  ready: WireNamespaceState.NAMESPACE_STATE_READY,
  placeholder: WireNamespaceState.NAMESPACE_STATE_PLACEHOLDER,
  alias: WireNamespaceState.NAMESPACE_STATE_ALIAS,
  stray: WireNamespaceState.NAMESPACE_STATE_STRAY,
  guarded: WireNamespaceState.NAMESPACE_STATE_GUARDED,
});
