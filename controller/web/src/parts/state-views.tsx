/** What is shown where there is nothing to show yet, or not as it stands. */
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useReducer } from 'preact/hooks';
import type { ApiError } from '../live/api-error';
import type { StreamState } from '../live/live-stream';
import { duration } from './format';

export function Loading({ what }: { what: string }): JSX.Element {
  return (
    <div class="state loading" role="status">
      <span class="spinner" aria-hidden="true" /> Loading {what} …
    </div>
  );
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }): JSX.Element {
  return (
    <div class="state empty">
      <strong>{title}</strong>
      {children !== undefined && <p>{children}</p>}
    </div>
  );
}

const TITLES: Readonly<Record<string, string>> = {
  UNIMPLEMENTED: 'This controller does not serve this yet',
  NOT_FOUND: 'There is no such thing',
  OFFLINE: 'The controller cannot be reached',
  UNAVAILABLE: 'Not available at the moment',
  RESOURCE_EXHAUSTED: 'Too much at once',
};

export function Failure({ error, what }: { error: ApiError; what: string }): JSX.Element {
  return (
    <div class="state failure" role="alert">
      <strong>{TITLES[error.code] ?? `${what} cannot be shown`}</strong>
      <p>{error.message}</p>
    </div>
  );
}

/** Says in a corner of the page whether what is shown is live; counts how old it is when it is not. */
export function StreamBadge({ state }: { state: StreamState }): JSX.Element {
  const [, tick] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    if (state.kind !== 'stale') return undefined;
    const timer = setInterval(() => tick(0), 1000);
    return () => clearInterval(timer);
  }, [state.kind]);
  const text = {
    connecting: () => 'connecting',
    live: () => 'live',
    stale: () => `stale for ${duration(state.kind === 'stale' ? Date.now() - state.since : 0)}`,
    refused: () => 'not live',
  }[state.kind]();
  return (
    <span
      class={`badge stream-${state.kind}`}
      role={state.kind === 'stale' ? 'alert' : 'status'}
      aria-live="off"
    >
      {text}
    </span>
  );
}

/** Said once, in words, above what is old. */
export function StaleNote({ state }: { state: StreamState }): JSX.Element | null {
  if (state.kind !== 'stale') return null;
  return (
    <p class="stale-note" role="status">
      The connection is lost ({state.error.message.replace(/\.$/, '')}). What you see is as it was; it goes on
      by itself when the controller is back.
    </p>
  );
}

export function Tone({
  tone,
  children,
}: {
  tone: 'good' | 'warn' | 'bad' | 'mute';
  children: ComponentChildren;
}): JSX.Element {
  return <span class={`badge tone-${tone}`}>{children}</span>;
}
