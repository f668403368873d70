/** What becomes of a packet, and which rule of which policy says so. */
import type { JSX } from 'preact';
import type { ExplainAnswer } from '../message-types';
import { shortName, word } from './format';
import { Link } from './router';
import { Tone } from './state-views';

const WORDS = {
  accept: { tone: 'good', text: 'accepted' },
  drop: { tone: 'bad', text: 'dropped' },
  reject: { tone: 'bad', text: 'rejected' },
} as const;

export function ExplainAnswerView({
  answer: { verdict, policy = '', ruleId = '', policyRevision, rulesetDigest },
}: {
  answer: ExplainAnswer;
}): JSX.Element {
  const { tone, text } = WORDS[word(verdict, 'ACTION_') as keyof typeof WORDS];
  return (
    <section class="card answer" aria-label="Answer">
      <p>
        The packet would be <Tone tone={tone}>{text}</Tone>{' '}
        {ruleId === '' ? 'by the default verdict' : <>by the rule {<b>{ruleId}</b>}</>}
        {policy !== '' && (
          <>
            {' '}
            of <Link to={`/${policy}`}>{shortName(policy)}</Link> at revision {policyRevision}
          </>
        )}
        .
      </p>
      {rulesetDigest !== undefined && (
        <p class="mute">
          Ruleset <code>{rulesetDigest.slice(0, 16)}</code>
        </p>
      )}
    </section>
  );
}
