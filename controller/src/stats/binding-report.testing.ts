/** Reports of bindings for tests. */
import { CountList } from './count-list';
import type { BindingReport } from './counter-ledger';

/** As a report, with lists of counts as tests write them. */
type Fields = {
  readonly [Name in keyof BindingReport]?: BindingReport[Name] extends CountList
    ? readonly bigint[]
    : BindingReport[Name];
};

/** Bytes are a hundred a packet; nothing else is counted but what `fields` says. */
export function bindingReport(
  epoch: bigint,
  counts: readonly { readonly key: bigint; readonly packets: bigint }[],
  { namespace = 'ns1', hooks = [], defaults = [], ...columns }: Fields = {},
): BindingReport {
  const column = (name: keyof typeof columns): CountList => CountList.of((columns[name] ?? []) as bigint[]);
  return {
    ...{ namespace, epoch, hooks, defaults },
    ruleKeys: CountList.of(counts.map(({ key }) => key)),
    packets: CountList.of(counts.map(({ packets }) => packets)),
    bytes: CountList.of(counts.map(({ packets }) => BigInt.asUintN(64, packets * 100n))),
    shadowPackets: CountList.of(counts.map(() => 0n)),
    ...{ idleMs: column('idleMs'), accepted: column('accepted'), dropped: column('dropped') },
    ...{ rejected: column('rejected'), shadowDropped: column('shadowDropped') },
    ...{ malformed: column('malformed'), defaulted: column('defaulted') },
  };
}
