/** How a policy stands everywhere, as a bar with its numbers in words. */
import type { JSX } from 'preact';
import type { RealizationSummary } from '../message-types';
import { whole } from './format';

export function StandingBar({ summary }: { summary: RealizationSummary | undefined }): JSX.Element {
  const { enforced = '0', pending = '0', failed = '0' } = summary ?? {};
  const parts = [
    { tone: 'good', count: Number(enforced), text: 'enforced' },
    { tone: 'warn', count: Number(pending), text: 'pending' },
    { tone: 'bad', count: Number(failed), text: 'failed' },
  ].filter(({ count }) => count > 0);
  const words = parts.map(({ count, text }) => `${whole(count)} ${text}`).join(', ');
  if (parts.length === 0) return <span class="mute">nowhere</span>;
  return (
    <span class="standing">
      <span class="bar" aria-hidden="true">
        {parts.map(({ tone, count }) => (
          <i key={tone} class={`fill-${tone}`} style={{ flexGrow: count }} />
        ))}
      </span>
      <small>{words}</small>
    </span>
  );
}
