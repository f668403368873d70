/** Reads structures of the kernel's ABI, never past the end of what was received. */
import { endianness } from 'node:os';
import { MalformedReply } from './kernel-error';

const LITTLE = endianness() === 'LE';

export class ByteReader {
  #offset = 0;

  constructor(private readonly buffer: Buffer) {}

  /** Throws MalformedReply unless `size` bytes are left; `what` names the structure that needs them. */
  expect(size: number, what: string): this {
    const left = this.buffer.length - this.#offset;
    if (left >= size) return this;
    throw new MalformedReply(
      `${what} needs ${size} bytes at offset ${this.#offset}, and only ${left} are left`,
    );
  }

  /** Throws MalformedReply if anything is left. */
  end(what: string): void {
    const left = this.buffer.length - this.#offset;
    if (left !== 0) throw new MalformedReply(`${left} bytes are left over after ${what}`);
  }

  u8(): number {
    return this.buffer.readUInt8(this.#advance(1));
  }

  u16(): number {
    const offset = this.#advance(2);
    return LITTLE ? this.buffer.readUInt16LE(offset) : this.buffer.readUInt16BE(offset);
  }

  u32(): number {
    const offset = this.#advance(4);
    return LITTLE ? this.buffer.readUInt32LE(offset) : this.buffer.readUInt32BE(offset);
  }

  i32(): number {
    const offset = this.#advance(4);
    return LITTLE ? this.buffer.readInt32LE(offset) : this.buffer.readInt32BE(offset);
  }

  u64(): bigint {
    const offset = this.#advance(8);
    return LITTLE ? this.buffer.readBigUInt64LE(offset) : this.buffer.readBigUInt64BE(offset);
  }

  hex(size: number): string {
    const offset = this.#advance(size);
    return this.buffer.toString('hex', offset, offset + size);
  }

  /** Text up to the first NUL in a field of `size` bytes. */
  text(size: number): string {
    const offset = this.#advance(size);
    const field = this.buffer.subarray(offset, offset + size);
    const end = field.indexOf(0);
    return field.toString('utf8', 0, end === -1 ? size : end);
  }

  skip(size: number): this {
    this.#advance(size);
    return this;
  }

  #advance(size: number): number {
    this.expect(size, 'a field');
    const offset = this.#offset;
    this.#offset += size;
    return offset;
  }
}
