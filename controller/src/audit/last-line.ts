/** The end of a file of lines, however large it is. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

export interface LastLine {
  /** Without its newline; undefined when there is no whole line. */
  readonly line: string | undefined;
  /** Where it ends: what is behind, in bytes from the beginning, is part of a line. */
  readonly end: number;
}

const CHUNK = 65_536;
const NEWLINE = 10;

/** Throws what keeps the file from being read. */
export function readLastLine(path: string): LastLine {
  const fd = openSync(path, 'r');
  try {
    let start = fstatSync(fd).size;
    let tail: Buffer = Buffer.alloc(0);
    for (;;) {
      const found = lastLineIn(tail, start === 0);
      if (found !== undefined) return { ...found, end: start + found.end };
      const length = Math.min(CHUNK, start);
      const chunk = Buffer.alloc(length);
      start -= length;
      readSync(fd, chunk, 0, length, start);
      tail = Buffer.concat([chunk, tail]);
    }
  } finally {
    closeSync(fd);
  }
}

/** `isAll`: whether nothing stands before it. Undefined when more of the file is needed. */
function lastLineIn(tail: Buffer, isAll: boolean): LastLine | undefined {
  const end = tail.lastIndexOf(NEWLINE) + 1;
  if (end === 0) return isAll ? { line: undefined, end: 0 } : undefined;
  const before = tail.subarray(0, end - 1).lastIndexOf(NEWLINE);
  if (before < 0 && !isAll) return undefined;
  return { line: tail.toString('utf8', before + 1, end - 1), end };
}
