/** The golden bytes that the kernel module's own tests make (kmod/test/golden.c), and what their structures are made of. */
import { readdirSync, readFileSync } from 'node:fs';
import { endianness } from 'node:os';
import { join } from 'node:path';

const FOLDER = join(__dirname, '../../../kmod/uapi/golden');

/** Names of the files whose names end so. */
export function goldenNames(end: '-request' | '-reply'): string[] {
  const files = readdirSync(FOLDER).map((file) => file.replace(/\.hex$/, ''));
  return files.filter((file) => file.endsWith(end)).sort();
}

export function golden(name: string): Buffer {
  const lines = readFileSync(join(FOLDER, `${name}.hex`), 'utf8').split('\n');
  const digits = lines.filter((line) => !line.startsWith('#')).join('');
  return Buffer.from(digits.replace(/\s/g, ''), 'hex');
}

/** 32 bytes counting up from `first`. */
export function digest(first: number): string {
  return Buffer.from(Array.from({ length: 32 }, (_, i) => first + i)).toString('hex');
}

export function address6(...groups: number[]): Buffer {
  const address = Buffer.alloc(16);
  groups.forEach((group, i) => address.writeUInt16BE(group, 2 * i));
  return address;
}

export const describeOnLittleEndian = endianness() === 'LE' ? describe : describe.skip;
