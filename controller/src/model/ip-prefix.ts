/**
 * IP prefixes in text: strict, because what looks like one address to a person and like another to a parser
 * (`010.1.1.1`, `10.1`, RFC 6943 section 3.1.1) has no place in a firewall.
 */

/** Four or sixteen bytes in network order, and how many bits of them count; the others are zero. */
export interface IpPrefix {
  readonly address: Uint8Array;
  readonly length: number;
}

export type ParsedPrefix =
  { readonly ok: true; readonly prefix: IpPrefix } | { readonly ok: false; readonly problem: string };

const DECIMAL = /^(0|[1-9][0-9]{0,2})$/;
const HEX_GROUP = /^[0-9a-fA-F]{1,4}$/;
/** No prefix in text is longer: eight groups, the last two as IPv4, and the length. */
const MAX_TEXT = 49;

/**
 * Reads `192.0.2.0/24`, `2001:db8::/32` (RFC 4291 section 2.2, the embedded IPv4 form included; no zone), or an address
 * alone, which is a prefix of its full length. A problem is a phrase to put behind the value: "is not …".
 */
export function parsePrefix(text: string): ParsedPrefix {
  const slash = text.indexOf('/');
  const addressText = slash < 0 ? text : text.slice(0, slash);
  const address = text.length > MAX_TEXT ? undefined : parseAddress(addressText);
  if (address === undefined) {
    return { ok: false, problem: 'is not an IPv4 or IPv6 prefix such as 10.0.0.0/8 or 2001:db8::/32' };
  }
  const bits = address.length * 8;
  const lengthText = slash < 0 ? String(bits) : text.slice(slash + 1);
  const length = DECIMAL.test(lengthText) ? Number(lengthText) : NaN;
  if (!(length <= bits))
    return { ok: false, problem: `needs a prefix length from 0 to ${bits} behind the /` };
  if (!isZeroBeyond(address, length)) {
    const network = formatPrefix({ address: masked(address, length), length });
    return { ok: false, problem: `has bits set beyond its length: did you mean ${network}?` };
  }
  return { ok: true, prefix: { address, length } };
}

/** Which family a prefix is of. */
export function familyOf(prefix: IpPrefix): 'ipv4' | 'ipv6' {
  return prefix.address.length === 4 ? 'ipv4' : 'ipv6';
}

/** Text that parsePrefix reads back as the same prefix; IPv6 as RFC 5952 (section 4) recommends. */
export function formatPrefix({ address, length }: IpPrefix): string {
  return `${address.length === 4 ? address.join('.') : formatIpv6(address)}/${length}`;
}

/** The longest run of zero groups, the first of several, becomes `::`; a single one does not. */
function formatIpv6(address: Uint8Array): string {
  const view = new DataView(address.buffer, address.byteOffset, address.byteLength);
  const groups = Array.from({ length: 8 }, (_, i) => view.getUint16(2 * i).toString(16)).join(':');
  const [longest] = [...groups.matchAll(/\b0(?::0)+\b/g)].sort(([a], [b]) => b.length - a.length);
  if (longest === undefined) return groups;
  const [zeros] = longest;
  const before = groups.slice(0, longest.index).replace(/:$/, '');
  const after = groups.slice(longest.index + zeros.length).replace(/^:/, '');
  return `${before}::${after}`;
}

/** Whether an address of 4 or 16 bytes is in the prefix. */
export function contains({ address, length }: IpPrefix, other: Uint8Array): boolean {
  return (
    address.length === other.length &&
    address.every((byte, i) => byte === ((other[i] ?? 0) & maskOfByte(length - 8 * i)))
  );
}

/** An address of 4 or 16 bytes in text; IPv6 as RFC 5952 wants it. */
export function formatAddress(address: Uint8Array): string {
  if (address.length !== 16) return address.join('.');
  const view = new DataView(address.buffer, address.byteOffset, address.byteLength);
  const groups = Array.from({ length: 8 }, (_, i) => view.getUint16(2 * i).toString(16));
  const [zeros] = [...groups.join(':').matchAll(/\b0(?::0)+\b/g)].sort((a, b) => b[0].length - a[0].length);
  if (zeros === undefined) return groups.join(':');
  const text = groups.join(':');
  return `${text.slice(0, Math.max(0, zeros.index - 1))}::${text.slice(zeros.index + zeros[0].length + 1)}`;
}

function parseAddress(text: string): Uint8Array | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

function parseIpv4(text: string): Uint8Array | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => DECIMAL.test(part) && Number(part) <= 255))
    return undefined;
  return Uint8Array.from(parts, Number);
}

function parseIpv6(text: string): Uint8Array | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head, tail] = halves;
  const headBytes = parseGroups(head ?? '', tail === undefined);
  const tailBytes = tail === undefined ? [] : parseGroups(tail, true);
  if (headBytes === undefined || tailBytes === undefined) return undefined;
  const missing = 16 - headBytes.length - tailBytes.length;
  // RFC 4291: "::" stands for one or more groups of zeros; RFC 5952 section 4.2.2 only advises against one.
  if (tail === undefined ? missing !== 0 : missing < 2) return undefined;
  return Uint8Array.from([...headBytes, ...new Array<number>(missing).fill(0), ...tailBytes]);
}

/** Bytes of groups between colons; the last may be an IPv4 address where the text ends with it. */
function parseGroups(text: string, mayEndInIpv4: boolean): number[] | undefined {
  if (text === '') return [];
  const bytes: number[] = [];
  const groups = text.split(':');
  for (const [i, group] of groups.entries()) {
    if (HEX_GROUP.test(group)) {
      const value = parseInt(group, 16);
      bytes.push(value >> 8, value & 0xff);
      continue;
    }
    const embedded = mayEndInIpv4 && i === groups.length - 1 ? parseIpv4(group) : undefined;
    if (embedded === undefined) return undefined;
    bytes.push(...embedded);
  }
  return bytes;
}

function masked(address: Uint8Array, length: number): Uint8Array {
  return address.map((byte, i) => byte & maskOfByte(length - 8 * i));
}

function isZeroBeyond(address: Uint8Array, length: number): boolean {
  return address.every((byte, i) => (byte & ~maskOfByte(length - 8 * i) & 0xff) === 0);
}

/** The mask of a byte of which the first `bits` count. */
function maskOfByte(bits: number): number {
  const counted = Math.min(8, Math.max(0, bits));
  return (0xff << (8 - counted)) & 0xff;
}
