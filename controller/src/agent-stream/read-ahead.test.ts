import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { readNothingAhead } from './read-ahead';

/** As many objects as are asked for. */
class Endless extends Readable {
  asked = 0;

  constructor() {
    super({ objectMode: true });
  }

  override _read(): void {
    this.asked += 1;
    const object = this.asked;
    queueMicrotask(() => this.push(object));
  }
}

async function takenInWhilePaused(stream: Endless): Promise<number> {
  const seen: number[] = [];
  stream.on('data', (object: number) => {
    seen.push(object);
    if (seen.length === 3) stream.pause();
  });
  while (seen.length < 3) await setImmediate();
  for (let turn = 0; turn < 500; turn++) await setImmediate();
  return stream.asked - seen.length;
}

describe('a stream that is paused', () => {
  it('takes in no more than what was asked for before', async () => {
    const stream = new Endless();
    readNothingAhead(stream);
    expect(await takenInWhilePaused(stream)).toBeLessThanOrEqual(1);
  });

  it('would take in many objects otherwise', async () => {
    expect(await takenInWhilePaused(new Endless())).toBeGreaterThan(8);
  });

  it('goes on where it was, and loses nothing', async () => {
    const stream = new Endless();
    readNothingAhead(stream);
    const seen: number[] = [];
    stream.on('data', (object: number) => {
      seen.push(object);
      stream.pause();
      setTimeout(() => stream.resume());
    });
    while (seen.length < 20) await setImmediate();
    expect(seen.slice(0, 20)).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
    stream.destroy();
  });
});
