/** An action or a verdict, in its colour. */
import type { JSX } from 'preact';
import { word } from './format';
import { Tone } from './state-views';

const TONES = { accept: 'good', drop: 'bad', reject: 'bad', count: 'mute' } as const;

export interface VerdictProps {
  /** ACTION_… */
  readonly verdict: string | undefined;
  /** Counted, not applied. */
  readonly shadow?: boolean | undefined;
}

export function Verdict({ verdict, shadow = false }: VerdictProps): JSX.Element {
  const text = word(verdict, 'ACTION_') as keyof typeof TONES;
  return <Tone tone={shadow ? 'mute' : TONES[text]}>{shadow ? `shadow ${text}` : text}</Tone>;
}
