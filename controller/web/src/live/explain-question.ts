/** A packet as it is typed into the form, and the request that it comes to. */
import type { FieldViolation } from './api-error';

/** By the fields of ExplainRequest; text as typed, `tcp_flags` as `SYN,ACK`. */
export type Question = Readonly<Record<string, string>>;
/** What is wrong, by field. */
export type Problems = Readonly<Record<string, string>>;

export const FLAGS = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR'] as const;

const FIELDS = [
  ...['host', 'namespace', 'hook', 'protocol', 'source', 'source_port', 'destination', 'destination_port'],
  ...['icmp_type', 'icmp_code', 'tcp_flags', 'state', 'in_interface', 'out_interface', 'mark'],
];
const NUMBERS = new Set(['source_port', 'destination_port', 'icmp_type', 'icmp_code', 'mark']);

const WITH_PORTS = new Set(['tcp', 'udp', 'udplite', 'sctp', 'dccp', '6', '17', '33', '132', '136']);
const ICMP = new Set(['icmp', 'icmpv6', '1', '58']);
const TCP = new Set(['tcp', '6']);
const BEFORE_ROUTING = new Set(['HOOK_PREROUTING', 'HOOK_INPUT']);
const MADE_HERE = new Set(['HOOK_OUTPUT', 'HOOK_POSTROUTING']);

/** Whether a packet of the protocol, at the hook, has the field. */
export function isOfProtocol(field: string, { protocol = '', hook = '' }: Question): boolean {
  const name = protocol.trim().toLowerCase();
  switch (field) {
    case 'source_port':
    case 'destination_port':
      return WITH_PORTS.has(name);
    case 'icmp_type':
    case 'icmp_code':
      return ICMP.has(name);
    case 'tcp_flags':
      return TCP.has(name);
    case 'in_interface':
      return !MADE_HERE.has(hook);
    case 'out_interface':
      return !BEFORE_ROUTING.has(hook);
    default:
      return true;
  }
}

/** What has a value, and belongs to the packet. */
function* valuesOf(question: Question): Generator<[field: string, text: string]> {
  for (const field of FIELDS) {
    const text = (question[field] ?? '').trim();
    if (text !== '' && isOfProtocol(field, question)) yield [field, text];
  }
}

/** What is no number at all; the controller finds the rest. */
export function problemsOf(question: Question): Problems {
  const bad = [...valuesOf(question)].filter(
    ([field, text]) => NUMBERS.has(field) && !/^(?:\d{1,10}|0x[\da-f]{1,8})$/i.test(text),
  );
  return Object.fromEntries(bad.map(([field, text]) => [field, `"${text}" is no number`]));
}

/** In protobuf's JSON form. */
export function explainRequest(question: Question): object {
  return Object.fromEntries([...valuesOf(question)].map(([field, text]) => [field, valueOf(field, text)]));
}

function valueOf(field: string, text: string): unknown {
  if (NUMBERS.has(field)) return Number(text);
  if (field === 'tcp_flags') return text.split(',').map((flag) => `TCP_FLAG_${flag}`);
  if (field === 'host' && !text.startsWith('hosts/')) return `hosts/${text}`;
  return text;
}

/** Where the controller's violations belong: `tcp_flags[0]` to `tcp_flags`. */
export function problemsIn(violations: readonly FieldViolation[]): Problems {
  return Object.fromEntries(
    violations.map(({ field, description }) => [field.replace(/\[\d+\]$/, ''), description]),
  );
}
