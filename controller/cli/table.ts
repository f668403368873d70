/** Plain tables, for people and for `awk`: no frames. */
import Table from 'cli-table3';

const SIDES = [
  'top',
  'top-mid',
  'top-left',
  'top-right',
  'bottom',
  'bottom-mid',
  'bottom-left',
  'bottom-right',
];
const INSIDE = ['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid'];

/** Columns as wide as their widest cell, two spaces apart. Control characters of foreign text are escaped. */
export function renderTable(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const table = new Table({
    head: [...columns],
    chars: { ...Object.fromEntries([...SIDES, ...INSIDE].map((part) => [part, ''])), middle: '  ' },
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
  });
  table.push(...rows.map((row) => row.map(printable)));
  const lines = table.toString().split('\n');
  return lines.map((line) => line.trimEnd()).join('\n');
}

/** What an agent or a policy says must not move the cursor of who reads it. */
function printable(cell: string): string {
  return cell.replace(/\p{Cc}/gu, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
