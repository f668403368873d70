import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { readLastLine } from './last-line';

const folder = mkdtempSync(join(tmpdir(), 'nsgate-lines-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('the last line of a file is found, however long it is, with what was begun behind it', () => {
  const path = join(folder, 'lines');
  const length = fc.oneof(fc.nat({ max: 20 }), fc.constantFrom(65_535, 65_536, 65_537, 200_000));
  fc.assert(
    fc.property(fc.array(length, { maxLength: 4 }), length, (lengths, begun) => {
      const lines = lengths.map((bytes, index) => String(index).repeat(bytes));
      const whole = lines.map((line) => `${line}\n`).join('');
      writeFileSync(path, whole + 'x'.repeat(begun));
      expect(readLastLine(path)).toEqual({ line: lines.at(-1), end: whole.length });
    }),
  );
});
