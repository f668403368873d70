/** What fields suggest while one types: names of hosts and policies, and of protocols. */
import type { JSX } from 'preact';
import { call } from '../live/call';
import { useAnswer } from '../live/use-live';
import { shortName } from './format';

const SUGGESTED = 200;
const EVERY_MS = 60_000;

/** Names of a list's first entries. */
function useFirst(method: string, field: string): readonly string[] {
  const answered = useAnswer(
    method,
    (signal) => call<Record<string, { name: string }[] | undefined>>(method, { pageSize: SUGGESTED }, signal),
    EVERY_MS,
  );
  if (answered.kind !== 'ready') return [];
  return (answered.answer[field] ?? []).map(({ name }) => shortName(name));
}

function Choices({ id, values }: { id: string; values: readonly string[] }): JSX.Element {
  return (
    <datalist id={id}>
      {values.map((value) => (
        <option value={value} key={value} />
      ))}
    </datalist>
  );
}

/** The first hosts. */
export function HostNames(): JSX.Element {
  return <Choices id="hosts" values={useFirst('FleetService/ListHosts', 'hosts')} />;
}

/** The first policies. */
export function PolicyNames(): JSX.Element {
  return <Choices id="policies" values={useFirst('PolicyService/ListPolicies', 'policies')} />;
}

const PROTOCOLS = ['tcp', 'udp', 'icmp', 'icmpv6', 'sctp', 'udplite', 'dccp', 'gre', 'esp', 'ah'];

export function ProtocolNames(): JSX.Element {
  return <Choices id="protocols" values={PROTOCOLS} />;
}
