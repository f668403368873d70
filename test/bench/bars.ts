// What a packet may cost past nsgate.
import type { Row } from './measurement';
import { type Ip, ips } from './rule';
import { worstBySize } from './worst-rows';

/** Instructions above the bare hook that an IPv4 packet may cost at most, by the number of rules. */
const bars: ReadonlyMap<number, number> = new Map([
  [10, 250],
  [100, 300],
  [1000, 400],
  [10_000, 600],
]);
/** Addresses of IPv6 are four times as long, and most else is the same. */
const timesInIpv6 = 1.5;

/** A bar, and the likely ruleset that comes next to it or is furthest beyond. */
export interface BarredRow {
  readonly row: Row;
  readonly bar: number;
}

function barOf(rules: number, ip: Ip): number | undefined {
  const bar = bars.get(rules);
  return bar !== undefined && ip === 6 ? bar * timesInIpv6 : bar;
}

/** All bars for whose number of rules nsgate was measured. */
export function barredRows(rows: readonly Row[]): BarredRow[] {
  return ips
    .flatMap((ip) => worstBySize(rows, 'nsgate', ip))
    .flatMap((row) => {
      const bar = barOf(row.rules, row.ip);
      return bar === undefined ? [] : [{ row, bar }];
    });
}
