/** docs/THREAT_MODEL.md says of each thing which test shows it: that there are these tests. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(__dirname, '../..');
const PAGE = readFileSync(join(ROOT, 'docs/THREAT_MODEL.md'), 'utf8');

/** A row of a table that ends in what shows it. */
const ROWS = PAGE.split(/^\| \| shown by \|$/m)
  .slice(1)
  .flatMap((table) => /^\|---\|---\|\n((?:\|.*\n)*)/m.exec(table)?.[1]?.trimEnd().split('\n') ?? []);

interface Shown {
  readonly file: string;
  readonly name: string;
}

function shownBy(row: string): Shown[] {
  const proof = row.split(' | ').at(-1) ?? '';
  return [...proof.matchAll(/`([^`]+)`((?:,? “[^”]+”)+)/g)].flatMap(([, file = '', names = '']) =>
    [...names.matchAll(/“([^”]+)”/g)].map(([, name = '']) => ({ file, name })),
  );
}

const SHOWN = ROWS.flatMap(shownBy);

it('there are rows', () => {
  expect(ROWS.length).toBeGreaterThan(50);
  expect(SHOWN.length).toBeGreaterThan(60);
});

it.each(ROWS)('is shown by a test, or stands there by design: %s', (row) => {
  expect(shownBy(row).length > 0 || / \| by design\b/.test(row)).toBe(true);
});

it.each(SHOWN.map(({ file, name }) => [file, name]))('%s has the test “%s”', (file, name) => {
  const path = join(ROOT, file);
  expect([file, existsSync(path)]).toEqual([file, true]);
  // As a string of the source: in quotes of one kind or another, whole or, in C, as part of a message.
  const source = readFileSync(path, 'utf8').replaceAll("\\'", "'");
  const isC = file.endsWith('.c');
  const quoted = isC ? [name] : [`'${name}'`, `"${name}"`, `\`${name}\``];
  expect([name, quoted.some((text) => source.includes(text))]).toEqual([name, true]);
});
