/** Reports of bindings for tests. */
import type { BindingReport } from './counter-ledger';

/** Bytes are a hundred a packet; nothing else is counted but what `fields` says. */
export function bindingReport(
  epoch: bigint,
  counts: readonly { readonly key: bigint; readonly packets: bigint }[],
  fields: Partial<BindingReport> = {},
): BindingReport {
  return {
    namespace: 'ns1',
    epoch,
    ruleKeys: counts.map(({ key }) => key),
    packets: counts.map(({ packets }) => packets),
    bytes: counts.map(({ packets }) => BigInt.asUintN(64, packets * 100n)),
    shadowPackets: counts.map(() => 0n),
    ...{ idleMs: [], hooks: [], accepted: [], dropped: [], rejected: [], shadowDropped: [], malformed: [] },
    ...{ defaulted: [], defaults: [] },
    ...fields,
  };
}
