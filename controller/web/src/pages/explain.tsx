/** A form that asks a host's live ruleset what it does with a packet. */
import type { ComponentChildren, JSX } from 'preact';
import { useState } from 'preact/hooks';
import { ApiError } from '../live/api-error';
import { call } from '../live/call';
import {
  explainRequest,
  FLAGS,
  isOfProtocol,
  problemsIn,
  problemsOf,
  type Problems,
  type Question,
} from '../live/explain-question';
import type { ExplainAnswer } from '../message-types';
import { ExplainAnswerView } from '../parts/explain-answer';
import { Field, Problem, type FieldSpec } from '../parts/field';
import { navigate, useAddress } from '../parts/router';
import { Failure, Loading } from '../parts/state-views';
import { HostNames, ProtocolNames } from '../parts/suggestions';

const HOOKS = ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'].map(
  (hook) => [`HOOK_${hook}`, hook.toLowerCase()] as const,
);
const STATES = [
  ['', 'not tracked'] as const,
  ...['NEW', 'ESTABLISHED', 'RELATED', 'INVALID', 'UNTRACKED'].map(
    (state) => [`CONNECTION_STATE_${state}`, state.toLowerCase()] as const,
  ),
];

const FIELDS: readonly FieldSpec[] = [
  { name: 'host', label: 'Host', placeholder: 'edge-1', list: 'hosts', isFirst: true },
  { name: 'namespace', label: 'Namespace', placeholder: 'tenant-a' },
  { name: 'hook', label: 'Hook', choices: HOOKS },
  { name: 'protocol', label: 'Protocol', placeholder: 'tcp, icmpv6, or 0 to 255', list: 'protocols' },
  { name: 'source', label: 'Source address', placeholder: '192.0.2.1 or 2001:db8::1', isWide: true },
  { name: 'source_port', label: 'Source port', isNumber: true },
  { name: 'destination', label: 'Destination address', placeholder: 'of the same family', isWide: true },
  { name: 'destination_port', label: 'Destination port', isNumber: true },
  { name: 'icmp_type', label: 'ICMP type', isNumber: true, placeholder: '0' },
  { name: 'icmp_code', label: 'ICMP code', isNumber: true, placeholder: '0' },
  { name: 'state', label: 'Connection', choices: STATES },
  { name: 'in_interface', label: 'In by', placeholder: 'no interface' },
  { name: 'out_interface', label: 'Out by', placeholder: 'no interface' },
  { name: 'mark', label: 'Mark', placeholder: '0 or 0x10' },
];

type Outcome =
  | { readonly kind: 'none' }
  | { readonly kind: 'asking' }
  | { readonly kind: 'answered'; readonly answer: ExplainAnswer }
  | { readonly kind: 'refused'; readonly error: ApiError };

export function ExplainPage(): JSX.Element {
  const given = Object.fromEntries(useAddress().searchParams);
  const [question, setQuestion] = useState<Question>({ hook: 'HOOK_INPUT', protocol: 'tcp', ...given });
  const [own, setOwn] = useState<Problems>({});
  const [outcome, setOutcome] = useState<Outcome>({ kind: 'none' });
  const ask = async (): Promise<void> => {
    const problems = problemsOf(question);
    setOwn(problems);
    setOutcome({ kind: Object.keys(problems).length > 0 ? 'none' : 'asking' });
    if (Object.keys(problems).length > 0) return;
    navigate(`/explain?${new URLSearchParams(question).toString()}`, { replace: true });
    setOutcome(await outcomeOf(question));
  };
  const told = outcome.kind === 'refused' ? problemsIn(outcome.error.violations) : {};
  return (
    <>
      <header class="page-head">
        <h1>Explain</h1>
      </header>
      <p class="lead">
        What does the ruleset that is live in a namespace do with this packet? Nothing is sent; the kernel is
        asked.
      </p>
      <QuestionForm
        question={question}
        problems={{ ...told, ...own }}
        isAsking={outcome.kind === 'asking'}
        onChange={setQuestion}
        onAsk={() => void ask()}
      />
      <div aria-live="polite">
        <OutcomeView outcome={outcome} />
      </div>
    </>
  );
}

async function outcomeOf(question: Question): Promise<Outcome> {
  try {
    const answer = await call<ExplainAnswer>('FleetService/Explain', explainRequest(question));
    return { kind: 'answered', answer };
  } catch (error) {
    return { kind: 'refused', error: error instanceof ApiError ? error : ApiError.offline() };
  }
}

interface QuestionFormProps {
  readonly question: Question;
  readonly problems: Problems;
  readonly isAsking: boolean;
  readonly onChange: (question: Question) => void;
  readonly onAsk: () => void;
}

function QuestionForm({ question, problems, isAsking, onChange, onAsk }: QuestionFormProps): JSX.Element {
  const set = (name: string, value: string): void => onChange({ ...question, [name]: value });
  return (
    <form
      class="fields"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        onAsk();
      }}
    >
      {FIELDS.filter(({ name }) => isOfProtocol(name, question)).map((spec) => (
        <Field
          key={spec.name}
          spec={spec}
          value={question[spec.name] ?? ''}
          problem={problems[spec.name]}
          onInput={(value) => set(spec.name, value)}
        />
      ))}
      {isOfProtocol('tcp_flags', question) && (
        <TcpFlags
          value={question.tcp_flags ?? ''}
          problem={problems.tcp_flags}
          onChange={(value) => set('tcp_flags', value)}
        />
      )}
      <div class="submit">
        <button type="submit" disabled={isAsking}>
          Explain
        </button>
      </div>
      <HostNames />
      <ProtocolNames />
    </form>
  );
}

interface TcpFlagsProps {
  /** `SYN,ACK`. */
  readonly value: string;
  readonly problem: string | undefined;
  readonly onChange: (value: string) => void;
}

function TcpFlags({ value, problem, onChange }: TcpFlagsProps): JSX.Element {
  const set = value.split(',');
  return (
    <fieldset class="flags">
      <legend>TCP flags</legend>
      {FLAGS.map((flag) => (
        <label key={flag}>
          <input
            type="checkbox"
            checked={set.includes(flag)}
            onChange={(event) => {
              const isSet = event.currentTarget.checked;
              onChange(FLAGS.filter((one) => (one === flag ? isSet : set.includes(one))).join());
            }}
          />
          {flag}
        </label>
      ))}
      {problem !== undefined && <Problem id="tcp_flags-problem" text={problem} />}
    </fieldset>
  );
}

function OutcomeView({ outcome }: { outcome: Outcome }): ComponentChildren {
  switch (outcome.kind) {
    case 'none':
      return null;
    case 'asking':
      return <Loading what="the answer" />;
    case 'refused':
      return <Failure error={outcome.error} what="The packet" />;
    case 'answered':
      return <ExplainAnswerView answer={outcome.answer} />;
  }
}
