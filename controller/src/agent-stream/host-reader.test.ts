import { ConnectRequest, RealizationState } from '@nsgate/proto';
import { HostReader } from './host-reader';
import type { MessagePart } from './message-parts';
import { ReadingBudgets } from './reading-budget';
import { ReadingPump } from './reading-pump';

class Source {
  isPaused = false;
  pause(): void {
    this.isPaused = true;
  }
  resume(): void {
    this.isPaused = false;
  }
}

const ack = (nonce: bigint): Buffer =>
  Buffer.from(ConnectRequest.encode({ message: { $case: 'ack', value: { nonce } } }).finish());
const large = (entries: number): Buffer =>
  Buffer.from(
    ConnectRequest.encode(
      ConnectRequest.fromPartial({
        message: {
          $case: 'realizations',
          value: {
            realizations: Array.from({ length: entries }, () => ({
              ...{ policy: 'policies/a', namespace: 'n'.repeat(50) },
              state: RealizationState.REALIZATION_STATE_PENDING,
            })),
          },
        },
      }),
    ).finish(),
  );

class Bench {
  readonly source = new Source();
  readonly taken: MessagePart['message'][] = [];
  readonly errors: unknown[] = [];
  readonly reader: HostReader;

  constructor(
    hostId = 'h1',
    budgets = new ReadingBudgets(),
    pump = new ReadingPump(),
    onTaken: () => void = () => undefined,
  ) {
    this.reader = new HostReader({
      ...{ source: this.source, hostId, budgets, pump },
      take: ({ message }) => {
        this.taken.push(message);
        onTaken();
      },
      fail: (error) => {
        this.errors.push(error);
        this.reader.close();
      },
    });
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
async function until(holds: () => boolean): Promise<number> {
  let turns = 0;
  for (const end = Date.now() + 10_000; !holds(); turns++) {
    if (Date.now() > end) throw new Error('it does not come to hold');
    await turn();
  }
  return turns;
}

describe('the reader of a host', () => {
  it('takes messages in order, small and large', async () => {
    const { reader, taken } = new Bench();
    for (const bytes of [ack(1n), large(200), ack(2n)]) reader.push(bytes);
    await until(() => taken.at(-1)?.$case === 'ack' && taken.length > 2);
    expect(taken[0]).toEqual({ $case: 'ack', value: { nonce: 1n } });
    expect(taken.slice(1, -1).map((message) => message?.$case)).toEqual(
      taken.slice(1, -1).map(() => 'realizations'),
    );
    expect(taken.length).toBeGreaterThan(3);
  });

  it('leaves turns of the event loop to others while it works on one large message', async () => {
    const { reader, taken } = new Bench();
    const total = 4000;
    reader.push(large(total));
    let entries = 0;
    const count = (): number => {
      for (const message of taken.splice(0)) {
        if (message?.$case === 'realizations') entries += message.value.realizations.length;
      }
      return entries;
    };
    expect(await until(() => count() === total)).toBeGreaterThan(20);
  });

  it('stops reading while much waits, and goes on when it is worked on', async () => {
    const { reader, source } = new Bench();
    reader.push(large(1000));
    expect(source.isPaused).toBe(true);
    await until(() => !source.isPaused);
  });

  it('works on what had come before the end, and then ends', async () => {
    const { reader, taken } = new Bench();
    reader.push(ack(1n));
    await new Promise<void>((resolve) => reader.finish(resolve));
    expect(taken).toHaveLength(1);
  });

  it('tells what is wrong once, and reads no more', async () => {
    const { reader, taken, errors } = new Bench();
    reader.push(Buffer.from([0xff]));
    reader.push(ack(1n));
    await until(() => errors.length > 0);
    await turn();
    expect([errors.length, taken.length]).toEqual([1, 0]);
  });

  it('is not held up for time that what it has read cannot have taken, as when the process was kept waiting', async () => {
    const { reader, source, taken } = new Bench('h1', new ReadingBudgets(), new ReadingPump(), () => {
      for (const end = performance.now() + 50; performance.now() < end;);
    });
    reader.push(ack(1n));
    await until(() => taken.length === 1);
    expect(source.isPaused).toBe(false);
  });

  it('does not keep another host waiting that says little', async () => {
    const [budgets, pump] = [new ReadingBudgets(), new ReadingPump()];
    const [loud, quiet] = [new Bench('loud', budgets, pump), new Bench('quiet', budgets, pump)];
    const bytes = large(2000);
    for (let i = 0; i < 20; i++) loud.reader.push(bytes);
    await turn();
    quiet.reader.push(ack(1n));
    expect(await until(() => quiet.taken.length === 1)).toBeLessThan(5);
    loud.reader.close();
  });
});
