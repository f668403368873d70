/** Bytes that were right once: a few of them changed, added, taken out, or the end cut off. */
import fc from 'fast-check';

interface Edit {
  readonly kind: 'set' | 'flip' | 'insert' | 'remove' | 'cut' | 'repeat';
  /** Of the length. */
  readonly at: number;
  readonly byte: number;
}

const edit: fc.Arbitrary<Edit> = fc.record({
  kind: fc.constantFrom('set', 'flip', 'insert', 'remove', 'cut', 'repeat'),
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  byte: fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), fc.nat({ max: 255 })),
});

/** Now and then as it was. */
export function corrupted(bytes: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> {
  const edits = fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, fc.array(edit, { maxLength: 4 }));
  return fc.tuple(bytes, edits).map(([whole, list]) => list.reduce(applied, whole));
}

function applied(bytes: Buffer, { kind, at, byte }: Edit): Buffer {
  const where = Math.floor(at * bytes.length);
  const [before, after] = [bytes.subarray(0, where), bytes.subarray(where)];
  switch (kind) {
    case 'set':
      return Buffer.concat([before, Buffer.of(byte), after.subarray(1)]);
    case 'flip':
      return Buffer.concat([before, Buffer.of((after[0] ?? 0) ^ (1 << (byte & 7))), after.subarray(1)]);
    case 'insert':
      return Buffer.concat([before, Buffer.of(byte), after]);
    case 'remove':
      return Buffer.concat([before, after.subarray(1)]);
    case 'cut':
      return before;
    case 'repeat':
      return Buffer.concat([before, after.subarray(0, 64), after]);
  }
}
