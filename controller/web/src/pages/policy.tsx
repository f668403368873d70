/** One policy: each rule with its hits, and where it stands. */
import type { JSX } from 'preact';
import { call } from '../live/call';
import { useAnswer } from '../live/use-live';
import type { Policy, Realization, RealizationSummary } from '../message-types';
import { ago, whole, word } from '../parts/format';
import { selectorText } from '../parts/match-text';
import { RealizationTable } from '../parts/realization-table';
import { Link } from '../parts/router';
import { RuleTable } from '../parts/rule-table';
import { StandingBar } from '../parts/standing-bar';
import { Empty, Failure, Loading } from '../parts/state-views';

const ASK_EVERY_MS = 3000;
const MAX_REALIZATIONS = 1000;

interface PolicyView {
  readonly policy: Policy;
  readonly summary: RealizationSummary;
  readonly realizations: readonly Realization[];
}

/** Of many realizations, those that are not as they should be come first. */
async function readPolicy(name: string, signal: AbortSignal): Promise<PolicyView> {
  const states = ['REALIZATION_STATE_FAILED', 'REALIZATION_STATE_PENDING', 'REALIZATION_STATE_ENFORCED'];
  const page = async (state: string): Promise<Realization[]> => {
    const request = { policy: name, state, pageSize: MAX_REALIZATIONS };
    const { realizations = [] } = await call<{ realizations?: Realization[] }>(
      'FleetService/ListRealizations',
      request,
      signal,
    );
    return realizations;
  };
  const [policy, summary, ...pages] = await Promise.all([
    call<Policy>('PolicyService/GetPolicy', { name }, signal),
    call<RealizationSummary>('FleetService/GetRealizationSummary', { policy: name }, signal),
    ...states.map(page),
  ]);
  return { policy, summary, realizations: pages.flat().slice(0, MAX_REALIZATIONS) };
}

export function PolicyPage({ policyId }: { policyId: string }): JSX.Element {
  const name = `policies/${policyId}`;
  const answered = useAnswer(name, (signal) => readPolicy(name, signal), ASK_EVERY_MS);
  return (
    <>
      <p class="crumbs">
        <Link to="/policies">Policies</Link> /
      </p>
      <header class="page-head">
        <h1>{policyId}</h1>
      </header>
      {answered.kind === 'loading' && <Loading what={`the policy ${policyId}`} />}
      {answered.kind === 'failed' && <Failure error={answered.error} what={`The policy ${policyId}`} />}
      {answered.kind === 'ready' && <PolicyDetails view={answered.answer} />}
    </>
  );
}

function PolicyDetails({ view: { policy, summary, realizations } }: { view: PolicyView }): JSX.Element {
  return (
    <>
      {policy.description !== undefined && <p class="lead">{policy.description}</p>}
      <dl class="facts">
        <div>
          <dt>Hosts</dt>
          <dd>{selectorText(policy.hostSelector)}</dd>
        </div>
        <div>
          <dt>Namespaces</dt>
          <dd>{namespacesText(policy)}</dd>
        </div>
        <div>
          <dt>Order</dt>
          <dd>
            tier {word(policy.tier ?? 'TIER_DEFAULT', 'TIER_')}, priority {policy.priority ?? 0}
          </dd>
        </div>
        <div>
          <dt>Revision</dt>
          <dd>
            {policy.revision}, {ago(policy.updateTime)} ago
          </dd>
        </div>
        <div>
          <dt>Standing</dt>
          <dd>
            <StandingBar summary={summary} />
          </dd>
        </div>
      </dl>
      <RuleTable policy={policy} />
      <h2>Where it stands</h2>
      {realizations.length >= MAX_REALIZATIONS && (
        <p class="mute">The first {whole(MAX_REALIZATIONS)}, failed ones first.</p>
      )}
      {realizations.length === 0 ? (
        <Empty title="It acts nowhere">
          No connected host that it chooses reports a namespace of these names.
        </Empty>
      ) : (
        <RealizationTable realizations={realizations} by="host" />
      )}
    </>
  );
}

function namespacesText({ namespaces }: Policy): string {
  const { include = [], exclude = [] } = namespaces ?? {};
  return include.join(', ') + (exclude.length === 0 ? '' : `, not ${exclude.join(', ')}`);
}
