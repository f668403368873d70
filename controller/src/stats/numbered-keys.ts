/** Gives equal keys one number, from 0 in the order in which they come up. */
export class NumberedKeys<Key> {
  readonly #numbers = new Map<string, number>();
  readonly #keys: Key[] = [];

  constructor(private readonly textOf: (key: Key) => string) {}

  /** Of a key that may be new. */
  number(key: Key): number {
    const text = this.textOf(key);
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    this.#numbers.set(text, this.#keys.length);
    return this.#keys.push(key) - 1;
  }

  /** Undefined of one that has not come up. */
  find(key: Key): number | undefined {
    return this.#numbers.get(this.textOf(key));
  }

  /** Throws for a number that was not given. */
  key(number: number): Key {
    const key = this.#keys[number];
    if (key === undefined) throw new Error(`there is no key ${number}`);
    return key;
  }
}
