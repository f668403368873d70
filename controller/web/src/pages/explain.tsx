/** A form that asks a host's live ruleset what it does with a packet. */
import type { ComponentChildren, JSX } from 'preact';
import { useState } from 'preact/hooks';
import { ApiError } from '../live/api-error';
import { call } from '../live/call';
import type { ExplainAnswer, Host } from '../message-types';
import { useAnswer } from '../live/use-live';
import { shortName, word } from '../parts/format';
import { Link, useAddress } from '../parts/router';
import { Failure, Loading, Tone } from '../parts/state-views';

interface Field {
  /** Of ExplainRequest, as violations name it. */
  readonly name: string;
  readonly label: string;
  readonly placeholder?: string;
  readonly choices?: readonly (readonly [value: string, text: string])[];
  readonly isNumber?: boolean;
  readonly list?: string;
}

const HOOKS = ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'].map(
  (hook) => [`HOOK_${hook}`, hook.toLowerCase()] as const,
);
const STATES = [
  ['', 'not tracked'] as const,
  ...['NEW', 'ESTABLISHED', 'RELATED', 'INVALID', 'UNTRACKED'].map(
    (state) => [`CONNECTION_STATE_${state}`, state.toLowerCase()] as const,
  ),
];

const FIELDS: readonly Field[] = [
  { name: 'host', label: 'Host', placeholder: 'edge-1', list: 'hosts' },
  { name: 'namespace', label: 'Namespace', placeholder: 'tenant-a' },
  { name: 'hook', label: 'Hook', choices: HOOKS },
  { name: 'protocol', label: 'Protocol', placeholder: 'tcp, udp, icmp, a number' },
  { name: 'source', label: 'Source address', placeholder: '192.0.2.1' },
  { name: 'source_port', label: 'Source port', isNumber: true },
  { name: 'destination', label: 'Destination address', placeholder: '192.0.2.2' },
  { name: 'destination_port', label: 'Destination port', isNumber: true },
  { name: 'state', label: 'Connection', choices: STATES },
  { name: 'in_interface', label: 'In by', placeholder: 'any interface' },
  { name: 'icmp_type', label: 'ICMP type', isNumber: true },
  { name: 'icmp_code', label: 'ICMP code', isNumber: true },
];

type Outcome =
  | { readonly kind: 'none' }
  | { readonly kind: 'asking' }
  | { readonly kind: 'answered'; readonly answer: ExplainAnswer }
  | { readonly kind: 'refused'; readonly error: ApiError };

type Values = Readonly<Record<string, string>>;

export function ExplainPage(): JSX.Element {
  const given = Object.fromEntries(useAddress().searchParams);
  const [values, setValues] = useState<Values>({ hook: 'HOOK_INPUT', protocol: 'tcp', ...given });
  const [outcome, setOutcome] = useState<Outcome>({ kind: 'none' });
  const ask = async (): Promise<void> => {
    setOutcome({ kind: 'asking' });
    try {
      setOutcome({
        kind: 'answered',
        answer: await call<ExplainAnswer>('FleetService/Explain', requestOf(values)),
      });
    } catch (error) {
      setOutcome({ kind: 'refused', error: error instanceof ApiError ? error : ApiError.offline() });
    }
  };
  const violations = outcome.kind === 'refused' ? outcome.error.violations : [];
  return (
    <>
      <header class="page-head">
        <h1>Explain</h1>
      </header>
      <p class="lead">
        What does the ruleset that is live in a namespace do with this packet? Nothing is sent; the kernel is
        asked.
      </p>
      <form
        class="explain"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void ask();
        }}
      >
        {FIELDS.map((field) => (
          <FieldInput
            key={field.name}
            field={field}
            value={values[field.name] ?? ''}
            problem={violations.find((one) => one.field === field.name)?.description}
            onInput={(value) => setValues((before) => ({ ...before, [field.name]: value }))}
          />
        ))}
        <div class="submit">
          <button type="submit" disabled={outcome.kind === 'asking'}>
            Explain
          </button>
        </div>
      </form>
      <HostNames />
      <div aria-live="polite">
        <OutcomeView outcome={outcome} />
      </div>
    </>
  );
}

function requestOf(values: Values): object {
  const entries = FIELDS.flatMap(({ name, isNumber }): [string, unknown][] => {
    const text = (values[name] ?? '').trim();
    if (text === '') return [];
    if (name === 'host') return [[name, text.startsWith('hosts/') ? text : `hosts/${text}`]];
    return [[name, isNumber === true && /^\d+$/.test(text) ? Number(text) : text]];
  });
  return Object.fromEntries(entries);
}

interface FieldInputProps {
  readonly field: Field;
  readonly value: string;
  readonly problem: string | undefined;
  readonly onInput: (value: string) => void;
}

function FieldInput({
  field: { name, label, choices, ...look },
  value,
  problem,
  onInput,
}: FieldInputProps): JSX.Element {
  const described =
    problem === undefined ? {} : { 'aria-invalid': true, 'aria-describedby': `${name}-problem` };
  const shared = { id: `explain-${name}`, name, value, ...described };
  return (
    <div class="field">
      <label for={shared.id}>{label}</label>
      {choices === undefined ? (
        <input
          {...shared}
          placeholder={look.placeholder}
          list={look.list}
          inputMode={look.isNumber === true ? 'numeric' : 'text'}
          autoComplete="off"
          spellcheck={false}
          onInput={(event) => onInput(event.currentTarget.value)}
        />
      ) : (
        <select {...shared} onChange={(event) => onInput(event.currentTarget.value)}>
          {choices.map(([choice, text]) => (
            <option value={choice} key={choice}>
              {text}
            </option>
          ))}
        </select>
      )}
      {problem !== undefined && (
        <p class="problem" id={`${name}-problem`}>
          {problem}
        </p>
      )}
    </div>
  );
}

const SUGGESTED = 200;
const HOSTS_EVERY_MS = 60_000;

/** The first hosts, as suggestions. */
function HostNames(): JSX.Element {
  const answered = useAnswer(
    'hosts',
    (signal) => call<{ hosts?: Host[] }>('FleetService/ListHosts', { pageSize: SUGGESTED }, signal),
    HOSTS_EVERY_MS,
  );
  const hosts = answered.kind === 'ready' ? (answered.answer.hosts ?? []) : [];
  return (
    <datalist id="hosts">
      {hosts.map(({ name }) => (
        <option value={shortName(name)} key={name} />
      ))}
    </datalist>
  );
}

const TONES = { accept: 'good', drop: 'bad', reject: 'bad' } as const;

function OutcomeView({ outcome }: { outcome: Outcome }): ComponentChildren {
  switch (outcome.kind) {
    case 'none':
      return null;
    case 'asking':
      return <Loading what="the answer" />;
    case 'refused':
      return <Failure error={outcome.error} what="The packet" />;
    case 'answered':
      return <AnswerView answer={outcome.answer} />;
  }
}

function AnswerView({
  answer: { verdict, policy = '', ruleId = '', policyRevision, rulesetDigest },
}: {
  answer: ExplainAnswer;
}): JSX.Element {
  const text = word(verdict, 'ACTION_') as keyof typeof TONES;
  return (
    <section class="card answer" aria-label="Answer">
      <p>
        The packet would be{' '}
        <Tone tone={TONES[text]}>{{ accept: 'accepted', drop: 'dropped', reject: 'rejected' }[text]}</Tone>{' '}
        {policy === '' ? (
          'by the default verdict.'
        ) : (
          <>
            by the rule <b>{ruleId}</b> of <Link to={`/${policy}`}>{shortName(policy)}</Link> at revision{' '}
            {policyRevision}.
          </>
        )}
      </p>
      {rulesetDigest !== undefined && (
        <p class="mute">
          Ruleset <code>{rulesetDigest.slice(0, 16)}</code>
        </p>
      )}
    </section>
  );
}
