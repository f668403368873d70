/** What a viewer narrows sampled packets by, as it stands in the page's address, and the request that it comes to. */
import type { FieldViolation } from './api-error';

export const FILTER_FIELDS = [
  'verdict',
  'host',
  'namespace',
  'policy',
  'prefix',
  'port',
  'protocol',
] as const;
export type FilterField = (typeof FILTER_FIELDS)[number];
/** Text as typed; several values stand apart by commas or blanks. */
export type PacketFilter = Readonly<Record<FilterField, string>>;

export const NO_FILTER: PacketFilter = {
  verdict: '',
  host: '',
  namespace: '',
  policy: '',
  prefix: '',
  port: '',
  protocol: '',
};

export function filterFrom(parameters: URLSearchParams): PacketFilter {
  const entries = FILTER_FIELDS.map((field) => [field, parameters.get(field) ?? '']);
  return Object.fromEntries(entries) as PacketFilter;
}

/** `?verdict=drop&port=22`, or nothing. */
export function addressOf(filter: PacketFilter): string {
  const set = FILTER_FIELDS.filter((field) => filter[field].trim() !== '');
  if (set.length === 0) return '';
  return `?${set.map((field) => `${field}=${encodeURIComponent(filter[field].trim())}`).join('&')}`;
}

const valuesOf = (text: string): string[] => text.split(/[\s,]+/).filter((value) => value !== '');
const named = (collection: string, text: string): string[] =>
  valuesOf(text).map((value) => (value.startsWith(`${collection}/`) ? value : `${collection}/${value}`));

/** Of StreamPackets, in protobuf's JSON form. */
export function packetRequest(filter: PacketFilter, last: number): object {
  return {
    filter: {
      hosts: named('hosts', filter.host),
      namespaces: valuesOf(filter.namespace),
      policies: named('policies', filter.policy),
    },
    verdicts: valuesOf(filter.verdict).map((verdict) => `ACTION_${verdict.toUpperCase()}`),
    prefixes: valuesOf(filter.prefix),
    ports: valuesOf(filter.port).map(Number),
    protocols: valuesOf(filter.protocol),
    follow: true,
    last,
  };
}

/** What is wrong, by field. */
export type Problems = Readonly<Partial<Record<FilterField, string>>>;

/** What cannot be put into a request at all; the controller finds the rest. */
export function problemsOf({ port, verdict }: PacketFilter): Problems {
  const badPort = valuesOf(port).find((value) => !/^\d{1,5}$/.test(value));
  const badVerdict = valuesOf(verdict).find((value) => !/^(?:accept|drop|reject|count)$/.test(value));
  return {
    ...(badPort === undefined ? {} : { port: `"${badPort}" is not from 1 to 65535` }),
    ...(badVerdict === undefined
      ? {}
      : { verdict: `"${badVerdict}" is none of accept, drop, reject, count` }),
  };
}

const FIELD_OF: Readonly<Record<string, FilterField>> = {
  hosts: 'host',
  namespaces: 'namespace',
  policies: 'policy',
  verdicts: 'verdict',
  prefixes: 'prefix',
  ports: 'port',
  protocols: 'protocol',
};

/** Where the controller's violations belong: `filter.hosts[0]` to the field `host`. */
export function problemsIn(violations: readonly FieldViolation[]): Problems {
  return Object.fromEntries(
    violations.flatMap(({ field, description }) => {
      const [, name = ''] = /^(?:filter\.)?([a-z]+)/.exec(field) ?? [];
      const at = FIELD_OF[name];
      return at === undefined ? [] : [[at, description]];
    }),
  );
}
