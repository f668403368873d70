/**
 * Reads a YAML document as a message of the API, in protobuf's JSON form: field names in lowerCamelCase, enum names in full
 * (`HOOK_INPUT`) or short (`INPUT`). Unlike protobuf's own readers it is strict, and tells the place of every mistake at once.
 */
import { ScalarType, type DescEnum, type DescField, type DescMessage } from '@bufbuild/protobuf';
import { isAlias, isMap, isScalar, isSeq, type Document, type Node, type Pair } from 'yaml';

/** What is wrong, and where in the text. */
export interface Problem {
  readonly offset: number;
  readonly what: string;
}

/** A field's value: what a list and a map hold is described as a field is. */
type Described = Pick<DescField, 'name'> & {
  readonly scalar?: ScalarType | undefined;
  readonly enum?: DescEnum | undefined;
  readonly message?: DescMessage | undefined;
};

type Path = readonly (string | number)[];

const INTEGERS: ReadonlySet<ScalarType> = new Set([
  ScalarType.INT32,
  ScalarType.SINT32,
  ScalarType.UINT32,
  ScalarType.INT64,
  ScalarType.UINT64,
]);

export class MessageReader {
  readonly problems: Problem[] = [];

  /** `ignored`: top-level keys to leave out. The document has been found free of errors. */
  constructor(
    private readonly document: Document.Parsed,
    private readonly ignored: ReadonlySet<string>,
  ) {}

  /** Protobuf's JSON form of what the document says; it means something only when no problem was found. */
  read(description: DescMessage): Record<string, unknown> {
    return this.#message(this.document.contents ?? undefined, description, []);
  }

  #message(node: Node | undefined, description: DescMessage, path: Path): Record<string, unknown> {
    const json: Record<string, unknown> = {};
    for (const { key, keyNode, value } of this.#entries(node, path)) {
      if (path.length === 0 && this.ignored.has(key)) continue;
      const field = description.fields.find(({ jsonName }) => jsonName === key);
      if (field === undefined) this.#unknownKey([...path, key], keyNode, description);
      else if (value !== undefined) json[key] = this.#field(value, field, [...path, key]);
    }
    return json;
  }

  #field(node: Node, field: DescField, path: Path): unknown {
    if (field.fieldKind === 'list') return this.#list(node, field, path);
    if (field.fieldKind === 'map') {
      const entries = this.#entries(node, path).map(({ key, value }) => [
        key,
        value === undefined ? '' : this.#value(value, field, [...path, key]),
      ]);
      return Object.fromEntries(entries) as unknown;
    }
    return this.#value(node, field, path);
  }

  #list(given: Node, field: Described, path: Path): unknown[] {
    const node = this.#resolved(given);
    if (!isSeq(node)) {
      this.#add(given, path, 'must be a list');
      return [];
    }
    return node.items.map((item, i) => this.#value(item as Node, field, [...path, i]));
  }

  #value(given: Node, described: Described, path: Path): unknown {
    if (described.message !== undefined) return this.#message(given, described.message, path);
    const node = this.#resolved(given);
    const value = isScalar(node) ? node.value : undefined;
    if (described.enum !== undefined) return this.#enum(value, described.enum, { given, path });
    if (described.scalar === ScalarType.BOOL) {
      if (typeof value !== 'boolean') this.#add(given, path, 'must be true or false');
    } else if (described.scalar !== undefined && INTEGERS.has(described.scalar)) {
      if (!Number.isInteger(value)) this.#add(given, path, 'must be a whole number');
    } else if (typeof value !== 'string' && !Number.isSafeInteger(value)) {
      this.#add(given, path, 'must be text: put it in quotes');
    } else return String(value); // A whole number stands for its digits, so that 443 needs no quotes.
    return value;
  }

  #enum(value: unknown, { sharedPrefix, values }: DescEnum, at: { given: Node; path: Path }): unknown {
    const prefix = (sharedPrefix ?? '').toUpperCase();
    const names = values.map(({ name }) => name).filter((name) => !name.endsWith('_UNSPECIFIED'));
    const full = names.find((name) => name === value || name === `${prefix}${String(value)}`);
    if (full === undefined) {
      const known = names.map((name) => name.slice(prefix.length)).join(', ');
      this.#add(at.given, at.path, `is none of ${known}`);
    }
    return full;
  }

  #entries(given: Node | undefined, path: Path): { key: string; keyNode: Node; value: Node | undefined }[] {
    const node = this.#resolved(given);
    if (!isMap(node)) {
      this.#add(given, path, 'must be a mapping of fields to values');
      return [];
    }
    return (node.items as Pair<Node, Node | null>[]).map(({ key: keyNode, value }) => {
      const isNull = isScalar(value) && value.value === null;
      const key = isScalar(keyNode) ? String(keyNode.value) : String(keyNode);
      return { key, keyNode, value: isNull || value === null ? undefined : value };
    });
  }

  #resolved(node: Node | undefined): Node | undefined {
    return isAlias(node) ? node.resolve(this.document) : node;
  }

  #unknownKey(path: Path, node: Node, description: DescMessage): void {
    const known = description.fields.map(({ jsonName }) => jsonName);
    const key = String(path.at(-1));
    const meant = known.find(
      (name) => distance(name.toLowerCase(), key.replaceAll('_', '').toLowerCase()) <= 2,
    );
    const hint = meant === undefined ? '' : `: did you mean ${meant}?`;
    const what = `${dotted(path)} is no field of ${description.name}${hint}`;
    this.problems.push({ offset: node.range?.[0] ?? 0, what });
  }

  #add(node: Node | undefined, path: Path, what: string): void {
    const where = path.length === 0 ? 'the document' : `${dotted(path)}:`;
    this.problems.push({ offset: node?.range?.[0] ?? 0, what: `${where} ${what}` });
  }
}

/** `rules[0].match.sources[1]`. */
export function dotted(path: Path): string {
  return path
    .map((step, i) => (typeof step === 'number' ? `[${step}]` : i === 0 ? step : `.${step}`))
    .join('');
}

/** How many letters must be put in, left out or changed (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
