/** By what sampled packets are narrowed. The page's address holds what was applied. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import {
  addressOf,
  NO_FILTER,
  type FilterField,
  type PacketFilter,
  type Problems,
} from '../live/packet-filter';
import { Field, type FieldSpec } from './field';
import { navigate } from './router';
import { HostNames, PolicyNames, ProtocolNames } from './suggestions';

type Spec = FieldSpec & { readonly name: FilterField };

const FIELDS: readonly Spec[] = [
  {
    name: 'verdict',
    label: 'Verdict',
    choices: [
      ['', 'any'],
      ['accept', 'accept'],
      ['drop', 'drop'],
      ['reject', 'reject'],
      ['drop,reject', 'drop or reject'],
      ['count', 'count'],
    ],
  },
  { name: 'host', label: 'Host', placeholder: 'any', list: 'hosts', isFirst: true },
  { name: 'namespace', label: 'Namespace', placeholder: 'any' },
  { name: 'policy', label: 'Policy', placeholder: 'any', list: 'policies' },
  { name: 'prefix', label: 'Address or prefix', placeholder: '10.0.0.0/8, 2001:db8::/32', isWide: true },
  { name: 'port', label: 'Port', placeholder: 'any', isNumber: true },
  { name: 'protocol', label: 'Protocol', placeholder: 'any', list: 'protocols' },
];

export interface PacketFilterFormProps {
  readonly filter: PacketFilter;
  readonly problems: Problems;
}

export function PacketFilterForm({ filter, problems }: PacketFilterFormProps): JSX.Element {
  const [typed, setTyped] = useState(filter);
  // The address may change by other ways: the browser's Back, a link.
  useEffect(() => setTyped(filter), [addressOf(filter)]);
  const apply = (next: PacketFilter): void => navigate(`/packets${addressOf(next)}`);
  const isSet = addressOf(filter) !== '';
  return (
    <form
      class="fields"
      role="search"
      aria-label="Filter packets"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        apply(typed);
      }}
    >
      {FIELDS.map((spec) => (
        <Field
          key={spec.name}
          spec={spec}
          value={typed[spec.name]}
          problem={problems[spec.name]}
          onInput={(value) => {
            const next = { ...typed, [spec.name]: value };
            setTyped(next);
            if (spec.choices !== undefined) apply(next);
          }}
        />
      ))}
      <div class="submit">
        <button type="submit">Apply</button>
        {isSet && (
          <button type="button" class="quiet" onClick={() => apply(NO_FILTER)}>
            Clear
          </button>
        )}
      </div>
      <HostNames />
      <PolicyNames />
      <ProtocolNames />
    </form>
  );
}
