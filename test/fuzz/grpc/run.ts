/** Fuzzes a controller's gRPC surface for a while, and then looks whether all that it spent on it came back. */
import fc from 'fast-check';
import { setTimeout } from 'node:timers/promises';
import { allMethods } from '../../../controller/src/operator-api/any-message.testing';
import { anyConversation, type Conversation } from './conversation';
import { FuzzedSite, type VitalSigns } from './site';
import { speak } from './speaker';

export interface FuzzRun {
  /** Determines every conversation. */
  readonly seed: number;
  /** The number of the first. */
  readonly first: number;
  /** Whether another is to be had after so many. */
  readonly goesOn: (count: number) => boolean;
  /** Told of how many there were, now and then. */
  readonly onProgress?: (count: number) => void;
}

export interface FuzzOutcome {
  readonly conversations: number;
  /** Of the idle controller; memory, of one that has been spoken to. */
  readonly before: VitalSigns;
  readonly after: VitalSigns;
}

const AT_ONCE = 8;
/** Until caches are full and code is compiled. */
const WARM_UP = 200;
const LOOK_EVERY = 100;
/** A peer that is gone is noticed by the pings of gRPC, 20 s later and 10 s later. */
const SETTLE_MS = 60_000;
/** What legitimately stays of a conversation: names in sums, versions of policies, lines that are kept for watchers. */
const KEPT_BYTES = 24 << 20;
const KEPT_BYTES_EACH = 512;
const KEPT_HANDLES = 4;

/** An Error says what did not hold, and by which conversations it may be had again. */
export async function fuzz(run: FuzzRun): Promise<FuzzOutcome> {
  const site = new FuzzedSite();
  const conversations = new Conversations(run.seed);
  let isOver = false;
  try {
    await site.start();
    const goesOn = (count: number): boolean => !isOver && run.goesOn(count);
    return await Promise.race([fuzzSite(site, conversations, { ...run, goesOn }), site.demandLife()]);
  } catch (cause) {
    const { recent } = conversations;
    const again = `npm run fuzz:grpc -- --seed ${run.seed} --first ${recent[0] ?? run.first}`;
    throw new Error(
      `${(cause as Error).message}\nspoken last: ${recent.join(', ')}\nto have it again: ${again}`,
      { cause },
    );
  } finally {
    isOver = true;
    await site.remove();
  }
}

async function fuzzSite(site: FuzzedSite, conversations: Conversations, run: FuzzRun): Promise<FuzzOutcome> {
  const idle = await site.vitalSigns();
  const warm = await talk(site, conversations, { ...run, goesOn: (count) => count < WARM_UP });
  const { heldBytes } = await site.vitalSigns();
  const count = await talk(site, conversations, { ...run, first: run.first + warm });
  const before = { ...idle, heldBytes };
  const after = await settled(site, before, count);
  await site.demandOpenCalls();
  await site.demandService();
  return { conversations: warm + count, before, after };
}

/** By number: each depends on the seed and its number alone. */
class Conversations {
  readonly #any = anyConversation(allMethods());
  /** Those that have begun and not ended, and the last few that have. */
  readonly recent: number[] = [];

  constructor(private readonly seed: number) {}

  at(number: number): Conversation {
    this.recent.push(number);
    if (this.recent.length > 4 * AT_ONCE) this.recent.shift();
    const [one] = fc.sample(this.#any, { seed: (this.seed + Math.imul(number, 0x9e3779b1)) | 0, numRuns: 1 });
    if (one === undefined) throw new Error('fast-check gives nothing');
    return one;
  }
}

async function talk(site: FuzzedSite, conversations: Conversations, run: FuzzRun): Promise<number> {
  let count = 0;
  const oneAfterAnother = async (): Promise<void> => {
    while (run.goesOn(count)) {
      const number = run.first + count;
      count += 1;
      const conversation = conversations.at(number);
      await speak(conversation, site.spokenBy(conversation));
      if (number % LOOK_EVERY === 0) {
        run.onProgress?.(number);
        await site.demandService();
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, oneAfterAnother));
  await site.demandService();
  return count;
}

/** What is held once all that comes back is back. */
async function settled(site: FuzzedSite, before: VitalSigns, count: number): Promise<VitalSigns> {
  const end = Date.now() + SETTLE_MS;
  for (;;) {
    const now = await site.vitalSigns();
    const leaks = leaksOf(before, now, count);
    if (leaks.length === 0) return now;
    if (Date.now() > end) throw new Error(`after ${count} conversations ${leaks.join(', ')}`);
    await setTimeout(500);
  }
}

function leaksOf(before: VitalSigns, now: VitalSigns, count: number): string[] {
  const more = now.heldBytes - before.heldBytes;
  const most = KEPT_BYTES + count * KEPT_BYTES_EACH;
  const counts = new Map([...now.active, ['descriptors', now.descriptors]]);
  const earlier = new Map([...before.active, ['descriptors', before.descriptors]]);
  const risen = [...counts].filter(([kind, number]) => number > (earlier.get(kind) ?? 0) + KEPT_HANDLES);
  return [
    ...(more > most ? [`${more} bytes more are held (may be ${most})`] : []),
    ...risen.map(([kind, number]) => `${kind}: ${number}, ${earlier.get(kind) ?? 0} before`),
  ];
}
