/** Ports in text: `443` or `8000-8099`. */

/** Ports from first to last, both included. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

export type ParsedPortRange =
  { readonly ok: true; readonly range: PortRange } | { readonly ok: false; readonly problem: string };

const RANGE = /^(0|[1-9][0-9]{0,4})(?:-(0|[1-9][0-9]{0,4}))?$/;
const MAX_PORT = 65535;

/** Reads ports from 0 to 65535. A problem is a phrase to put behind the value. */
export function parsePortRange(text: string): ParsedPortRange {
  const [, firstText, lastText] = RANGE.exec(text) ?? [];
  if (firstText === undefined)
    return { ok: false, problem: 'is not a port or a range such as 443 or 8000-8099' };
  const first = Number(firstText);
  const last = Number(lastText ?? firstText);
  if (first > MAX_PORT || last > MAX_PORT) return { ok: false, problem: `has a port above ${MAX_PORT}` };
  if (first > last) return { ok: false, problem: 'ends before it begins' };
  return { ok: true, range: { first, last } };
}
