/** Questions about packets that one host has been asked, until it answers. */
import type { ExplainAnswer, ExplainedVerdict, ExplainQuestion } from '@nsgate/proto';

/** A packet, and where it is looked at; numbered here. */
export type PacketQuestion = Omit<ExplainQuestion, 'id'>;

export type Explained =
  | { readonly kind: 'verdict'; readonly verdict: ExplainedVerdict }
  | { readonly kind: 'fault'; readonly fault: string }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'gone' }
  | { readonly kind: 'busy' };

/** Questions that may wait for one host. */
const MAX_WAITING = 64;
const MAX_FAULT = 1024;

export class ExplainDesk {
  readonly #waiting = new Map<bigint, (explained: Explained) => void>();
  #lastId = 0n;

  constructor(private readonly send: (question: ExplainQuestion) => void) {}

  /** Never rejects: what may come of it is in the answer. */
  ask(question: PacketQuestion, timeoutMs: number): Promise<Explained> {
    if (this.#waiting.size >= MAX_WAITING) return Promise.resolve({ kind: 'busy' });
    this.#lastId += 1n;
    const id = this.#lastId;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#settle(id, { kind: 'timeout' }), timeoutMs);
      this.#waiting.set(id, (explained) => {
        clearTimeout(timer);
        resolve(explained);
      });
      this.send({ ...question, id });
    });
  }

  /** The host has said something; an answer that nobody waits for any more is dropped. */
  answer({ id, result }: ExplainAnswer): void {
    if (result?.$case === 'verdict') this.#settle(id, { kind: 'verdict', verdict: result.value });
    else
      this.#settle(id, { kind: 'fault', fault: (result?.value ?? 'it gave no answer').slice(0, MAX_FAULT) });
  }

  /** The stream has ended. */
  close(): void {
    for (const id of [...this.#waiting.keys()]) this.#settle(id, { kind: 'gone' });
  }

  #settle(id: bigint, explained: Explained): void {
    const resolve = this.#waiting.get(id);
    this.#waiting.delete(id);
    resolve?.(explained);
  }
}
