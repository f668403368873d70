/** Packet marks in text: `0x10` or `0x10/0xf0`. */

/** The bits of `mask` must be as in `value`. */
export interface PacketMark {
  readonly value: number;
  readonly mask: number;
}

export type ParsedMark =
  { readonly ok: true; readonly mark: PacketMark } | { readonly ok: false; readonly problem: string };

const NUMBER = /^(?:0x[0-9a-fA-F]{1,8}|0|[1-9][0-9]{0,9})$/;
const ALL_BITS = 0xffffffff;

/** Reads a value, or value/mask, in decimal or hexadecimal. A problem is a phrase to put behind the value. */
export function parseMark(text: string): ParsedMark {
  const [valueText = '', maskText, ...more] = text.split('/');
  const value = parseNumber(valueText);
  const mask = maskText === undefined ? ALL_BITS : parseNumber(maskText);
  if (value === undefined || mask === undefined || more.length > 0) {
    return { ok: false, problem: 'is not a mark of 32 bits such as 0x10 or 0x10/0xf0' };
  }
  if (mask === 0) return { ok: false, problem: 'has a mask of 0, which matches every packet' };
  if ((value & ~mask) !== 0)
    return { ok: false, problem: 'has bits set outside of its mask: it never matches' };
  return { ok: true, mark: { value, mask } };
}

function parseNumber(text: string): number | undefined {
  const value = NUMBER.test(text) ? Number(text) : undefined;
  return value !== undefined && value <= ALL_BITS ? value : undefined;
}
