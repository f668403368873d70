/** JSON that was written by this program, or by another one, or by half: each field is asked for by name and type. */

/** A field that is not there, or is not of the type that it was asked for. */
export class FieldFault extends Error {
  override readonly name = 'FieldFault';
}

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 0;
}

/** Every method throws FieldFault. */
export class JsonFields {
  readonly #fields: Readonly<Record<string, unknown>>;

  /** `text`: of a JSON object; anything else has no fields. */
  static parse(text: string): JsonFields {
    try {
      return new JsonFields(JSON.parse(text));
    } catch {
      return new JsonFields(undefined);
    }
  }

  constructor(value: unknown) {
    this.#fields = typeof value === 'object' && value !== null ? { ...value } : {};
  }

  text(name: string): string {
    return this.#get(name, (value): value is string => typeof value === 'string');
  }

  flag(name: string): boolean {
    return this.#get(name, (value): value is boolean => typeof value === 'boolean');
  }

  /** A whole number that is not negative. */
  count(name: string): number {
    return this.#get(name, isCount);
  }

  counts(name: string): number[] {
    return this.#get(name, (value): value is number[] => Array.isArray(value) && value.every(isCount));
  }

  /** A number of up to 64 bits, in decimal digits. */
  revision(name: string): bigint {
    const text = this.text(name);
    if (!/^\d{1,20}$/.test(text)) throw new FieldFault(`${name} is no revision`);
    return BigInt(text);
  }

  list(name: string): JsonFields[] {
    const list = this.#get(name, (value): value is unknown[] => Array.isArray(value));
    return list.map((one) => new JsonFields(one));
  }

  #get<T>(name: string, is: (value: unknown) => value is T): T {
    const value = this.#fields[name];
    if (is(value)) return value;
    throw new FieldFault(`${name} is not there, or is not what it is to be`);
  }
}
