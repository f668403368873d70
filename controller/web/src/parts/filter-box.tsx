/** The field that narrows a page's list; `/` goes there (shell.tsx). */
import type { JSX } from 'preact';

export interface FilterBoxProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  /** How many are shown of how many. */
  readonly shown?: string;
}

export function FilterBox({ label, value, onChange, shown }: FilterBoxProps): JSX.Element {
  return (
    <div class="filter">
      <input
        type="search"
        data-filter
        aria-label={label}
        placeholder={`${label}   /`}
        value={value}
        onInput={(event) => onChange(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') onChange('');
        }}
      />
      {shown !== undefined && (
        <span class="filter-count" role="status">
          {shown}
        </span>
      )}
    </div>
  );
}

/** Whether every word stands somewhere in the text. */
export function matchesWords(text: string, filter: string): boolean {
  const lower = text.toLowerCase();
  return filter
    .toLowerCase()
    .split(/\s+/)
    .every((part) => lower.includes(part));
}
