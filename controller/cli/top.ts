/** `nsgate top`: what matches most now, live. */
import type { ServiceError } from '@grpc/grpc-js';
import { RpcError, type StreamStatsResponse } from '@nsgate/proto';
import type { CommandContext } from './command-context';
import { KeyPresses } from './key-presses';
import { render } from './output';
import { statsListing, streamRequest, wholeMessages, type StatsOptions } from './statistics';

export interface TopOptions extends StatsOptions {
  readonly count?: number;
}

type Order = StatsOptions['sort'];

const DEFAULT_LIMIT = 20;

/**
 * Until it has looked `count` times or is interrupted. When nobody looks at stdout it is one table after another; at a terminal, a key
 * orders anew or ends it.
 */
export async function showTop(context: CommandContext, options: TopOptions): Promise<void> {
  const keys = context.colours ? KeyPresses.open() : undefined;
  try {
    await showOrders(context, options, keys);
  } finally {
    keys?.close();
  }
}

async function showOrders(
  context: CommandContext,
  options: TopOptions,
  keys: KeyPresses | undefined,
): Promise<void> {
  const orders = ordersOf(options);
  const offered = keys === undefined ? [] : [...orders.keys()];
  let [sort, left]: [Order, number] = [options.sort, options.count ?? Infinity];
  while (left > 0) {
    const screen = new Screen(context, { ...options, sort }, offered);
    const key = await screen.show(left, keys);
    left -= screen.shown;
    if (key === undefined || key === 'q') return;
    sort = orders.get(key) ?? sort;
  }
}

/** By key. What becomes of packets is not counted for rules. */
function ordersOf({ by, policy = [], rule = [] }: TopOptions): ReadonlyMap<string, Order> {
  const isOfRules =
    by.some((one) => one === 'policy' || one === 'rule') || policy.length > 0 || rule.length > 0;
  return new Map([['p', 'packets'], ['b', 'bytes'], ...(isOfRules ? [] : [['s', 'stopped'] as const])]);
}

/** What is shown in one order. */
class Screen {
  shown = 0;

  constructor(
    private readonly context: CommandContext,
    private readonly options: TopOptions,
    private readonly keys: readonly string[],
  ) {}

  /** Gives the key that ended it, if one did. */
  async show(count: number, keys: KeyPresses | undefined): Promise<string | undefined> {
    const { limit = DEFAULT_LIMIT } = this.options;
    const call = this.context.connection.stats.streamStats(
      streamRequest({ ...this.options, rates: true, limit }),
    );
    let key: string | undefined;
    const unlisten = keys?.listen((pressed) => {
      if (pressed !== 'q' && !this.keys.includes(pressed)) return;
      key = pressed;
      call.cancel();
    });
    try {
      for await (const message of wholeMessages(call)) {
        if (this.#print(message) && this.shown === count) break;
      }
    } catch (error) {
      if (key === undefined) throw RpcError.fromServiceError(error as ServiceError);
    } finally {
      unlisten?.();
      call.cancel();
    }
    return key;
  }

  /** False for the first message of a stream, which has no rates. */
  #print({ groups, missed, time }: StreamStatsResponse): boolean {
    if (this.shown === 0 && groups.every(({ rates }) => rates === undefined) && groups.length > 0)
      return false;
    const { output } = this.options;
    const table = render(statsListing(groups, { ...this.options, rates: true }), output);
    const clear = this.context.colours ? '\u001b[H\u001b[J' : '';
    this.context.print(output === 'table' ? `${clear}${this.#head(time, missed)}\n${table}` : table);
    this.shown += 1;
    return true;
  }

  #head(time: Date | undefined, missed: bigint): string {
    const { sort, interval } = this.options;
    const keys = this.keys.length === 0 ? '' : `  (keys: ${this.keys.join(', ')} order, q ends)`;
    return `${time?.toISOString() ?? ''}  by ${sort}, every ${interval} s${missed > 0n ? `, ${missed} missed` : ''}${keys}`;
  }
}
