/** Numbers at a glance. */
import type { ComponentChildren, JSX } from 'preact';
import { whole } from './format';

export function Tiles({ children }: { children: ComponentChildren }): JSX.Element {
  return <dl class="tiles">{children}</dl>;
}

export interface TileProps {
  readonly title: string;
  /** NaN while it is not known. */
  readonly value: number;
  readonly note?: string;
  readonly tone?: 'good' | 'warn' | 'bad';
}

export function Tile({ title, value, note = '', tone }: TileProps): JSX.Element {
  return (
    <div class={`tile ${tone === undefined ? '' : `edge-${tone}`}`}>
      <dt>{title}</dt>
      <dd>
        <b>{Number.isNaN(value) ? '–' : whole(value)}</b> <span>{note}</span>
      </dd>
    </div>
  );
}
