/** Writes structures of the kernel's ABI: host byte order, into a buffer of zeros of the exact size. */
import { endianness } from 'node:os';

const LITTLE = endianness() === 'LE';

/** A value that does not fit its field throws Node's RangeError; nothing is cut off silently. */
export class ByteWriter {
  readonly buffer: Buffer;
  #offset = 0;

  constructor(size: number) {
    this.buffer = Buffer.alloc(size);
  }

  u8(value: number): this {
    this.#offset = this.buffer.writeUInt8(value, this.#offset);
    return this;
  }

  u16(value: number): this {
    const { buffer } = this;
    this.#offset = LITTLE
      ? buffer.writeUInt16LE(value, this.#offset)
      : buffer.writeUInt16BE(value, this.#offset);
    return this;
  }

  u32(value: number): this {
    const { buffer } = this;
    this.#offset = LITTLE
      ? buffer.writeUInt32LE(value, this.#offset)
      : buffer.writeUInt32BE(value, this.#offset);
    return this;
  }

  u64(value: bigint): this {
    const { buffer } = this;
    this.#offset = LITTLE
      ? buffer.writeBigUInt64LE(value, this.#offset)
      : buffer.writeBigUInt64BE(value, this.#offset);
    return this;
  }

  /** `bytes`, then zeros up to `size`. */
  bytes(bytes: Uint8Array, size = bytes.length): this {
    if (bytes.length > size) throw new RangeError(`${bytes.length} bytes do not fit in ${size}`);
    this.buffer.set(bytes, this.#offset);
    return this.skip(size);
  }

  /**
   * Packed prefixes, an address of `addressSize` bytes and a length each, as struct nsgate_prefix4 or nsgate_prefix6: with zeros
   * up to a multiple of 8. Written without a call for each, since a set may have two million.
   */
  prefixes(packed: Uint8Array, addressSize: 4 | 16): this {
    const from = addressSize + 1;
    const to = align8(from);
    let at = this.#offset;
    for (let item = 0; item < packed.length; item += from, at += to) {
      for (let byte = 0; byte < from; byte++) this.buffer[at + byte] = packed[item + byte] ?? 0;
    }
    return this.skip(at - this.#offset);
  }

  /** Leaves zeros. */
  skip(size: number): this {
    this.#offset += size;
    return this;
  }

  /** Leaves zeros up to the next multiple of 8. */
  align(): this {
    this.#offset = align8(this.#offset);
    return this;
  }
}

/** The next multiple of 8. */
export function align8(size: number): number {
  return (size + 7) & ~7;
}
