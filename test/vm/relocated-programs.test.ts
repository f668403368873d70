import { readFileSync } from 'node:fs';

import { isDynamicProgram } from './relocated-programs';

describe('a program that a dynamic loader starts', () => {
  it('is told from other files by its first bytes', () => {
    const program = readFileSync(process.execPath).subarray(0, 4096);
    expect(isDynamicProgram(program)).toBe(true);
    expect(isDynamicProgram(readFileSync(__filename).subarray(0, 4096))).toBe(false);
    expect(isDynamicProgram(Buffer.alloc(0))).toBe(false);
  });

  it('is not told from a head that is cut off', () => {
    const program = readFileSync(process.execPath).subarray(0, 4096);
    for (let length = 0; length < 200; length++)
      expect(() => isDynamicProgram(program.subarray(0, length))).not.toThrow();
  });

  it('is none without an interpreter among its program headers', () => {
    const program = Buffer.from(readFileSync(process.execPath).subarray(0, 4096));
    program.writeUInt16LE(0, 56);
    expect(isDynamicProgram(program)).toBe(false);
  });
});
