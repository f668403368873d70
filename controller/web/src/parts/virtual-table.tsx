/** A table of any length of which only the rows in sight are in the document. Rows are of one height. */
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

export interface Column<Row> {
  readonly title: string;
  /** A track of grid-template-columns. */
  readonly width: string;
  /** As `width`, on a phone. */
  readonly narrow?: string;
  /** Left out on a phone. */
  readonly wide?: boolean;
  readonly number?: boolean;
  readonly cell: (row: Row) => ComponentChildren;
}

export interface VirtualTableProps<Row> {
  readonly label: string;
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  readonly columns: readonly Column<Row>[];
  readonly rowClass?: (row: Row) => string;
}

const ROW_PX = 40;
const SPARE_ROWS = 8;
/** Rows that need no scrolling, on most screens. */
const SHORT = 10;
const PHONE = '(max-width: 640px)';

export function VirtualTable<Row>({
  label,
  rows,
  keyOf,
  columns,
  rowClass,
}: VirtualTableProps<Row>): JSX.Element {
  const body = useRef<HTMLDivElement>(null);
  const { first, count } = useSight(body, rows.length);
  const isPhone = useMedia(PHONE);
  const shown = columns.filter(({ wide }) => !(isPhone && wide === true));
  const style = {
    gridTemplateColumns: shown.map(({ width, narrow }) => (isPhone ? (narrow ?? width) : width)).join(' '),
  };
  return (
    <div
      class={rows.length > SHORT ? 'table long' : 'table'}
      role="table"
      aria-label={label}
      aria-rowcount={rows.length + 1}
    >
      <div class="table-head" role="rowgroup">
        <div class="row" role="row" aria-rowindex={1} style={style}>
          {shown.map(({ title, number }) => (
            <div role="columnheader" class={number === true ? 'number' : ''} key={title}>
              {title}
            </div>
          ))}
        </div>
      </div>
      <div class="table-body" role="rowgroup" ref={body} tabIndex={0} aria-label={`${label}, rows`}>
        <div style={{ height: `${first * ROW_PX}px` }} aria-hidden="true" />
        {rows.slice(first, first + count).map((row, i) => (
          <div
            class={`row ${rowClass?.(row) ?? ''}`}
            role="row"
            aria-rowindex={first + i + 2}
            style={style}
            key={keyOf(row)}
          >
            {shown.map(({ title, number, cell }) => (
              <div role="cell" class={number === true ? 'number' : ''} key={title}>
                {cell(row)}
              </div>
            ))}
          </div>
        ))}
        <div
          style={{ height: `${Math.max(0, rows.length - first - count) * ROW_PX}px` }}
          aria-hidden="true"
        />
      </div>
    </div>
  );
}

/** Which rows are in sight, and a few around them. */
function useSight(
  body: { current: HTMLDivElement | null },
  length: number,
): { first: number; count: number } {
  const [sight, setSight] = useState({ first: 0, count: 30 });
  useEffect(() => {
    const element = body.current;
    if (element === null) return undefined;
    const look = (): void => {
      const first = Math.max(0, Math.floor(element.scrollTop / ROW_PX) - SPARE_ROWS);
      const count = Math.ceil(element.clientHeight / ROW_PX) + 2 * SPARE_ROWS;
      setSight((before) => (before.first === first && before.count === count ? before : { first, count }));
    };
    look();
    const resized = new ResizeObserver(look);
    resized.observe(element);
    element.addEventListener('scroll', look, { passive: true });
    return () => {
      resized.disconnect();
      element.removeEventListener('scroll', look);
    };
  }, [body]);
  const first = Math.min(sight.first, Math.max(0, length - sight.count));
  return { first, count: Math.min(sight.count, length - first) };
}

function useMedia(query: string): boolean {
  const [matches, setMatches] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const media = matchMedia(query);
    const look = (): void => setMatches(media.matches);
    media.addEventListener('change', look);
    return () => media.removeEventListener('change', look);
  }, [query]);
  return matches;
}
