/** Keys that lead somewhere, wherever one is; `?` lists them. */
import type { JSX } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { navigate } from './router';

/** Within so long the second key of `g f` has to follow. */
const SEQUENCE_MS = 2000;

export interface Place {
  readonly path: string;
  readonly title: string;
  /** Leads there, after `g`. */
  readonly key: string;
}

function isTyping(event: KeyboardEvent): boolean {
  const { target, ctrlKey, metaKey, altKey } = event;
  if (ctrlKey || metaKey || altKey) return true;
  return target instanceof HTMLElement && target.closest('input, select, textarea, dialog') !== null;
}

/** Calls `action` when the key is pressed outside of forms, from the moment on at which the page is seen. */
export function useKey(key: string, action: (event: KeyboardEvent) => void): void {
  const newest = useRef(action);
  newest.current = action;
  useLayoutEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key === key && !isTyping(event)) newest.current(event);
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [key]);
}

/** `g` and a place's key lead there; `/` goes to the page's filter, as in many programs. */
function useNavigationKeys(places: readonly Place[]): void {
  const began = useRef(-Infinity);
  useKey('g', (event) => (began.current = event.timeStamp));
  useLayoutEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (isTyping(event) || event.timeStamp - began.current > SEQUENCE_MS) return;
      const place = places.find(({ key }) => key === event.key);
      if (place === undefined) return;
      // The second key has no meaning of its own then.
      event.stopPropagation();
      navigate(place.path);
    };
    document.addEventListener('keydown', onKey, { capture: true });
    return () => document.removeEventListener('keydown', onKey, { capture: true });
  }, [places]);
  useKey('/', (event) => {
    const filter = document.querySelector<HTMLInputElement>('[data-filter]');
    if (filter === null) return;
    event.preventDefault();
    filter.focus();
    filter.select();
  });
}

export function Shortcuts({ places }: { places: readonly Place[] }): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const open = (): void => dialog.current?.showModal();
  useNavigationKeys(places);
  useKey('?', open);
  const keys: readonly (readonly [keys: readonly string[], what: string])[] = [
    ...places.map(({ key, title }) => [['g', key], title] as const),
    [['/'], "To the page's filter; Esc empties it"],
    [['p'], 'Packets: pause, follow'],
    [['?'], 'This list'],
  ];
  return (
    <>
      <button
        type="button"
        class="quiet"
        aria-label="Keyboard shortcuts"
        aria-haspopup="dialog"
        onClick={open}
      >
        ?
      </button>
      <dialog ref={dialog} aria-labelledby="shortcuts-title">
        <h2 id="shortcuts-title">Keyboard shortcuts</h2>
        <dl class="keys">
          {keys.map(([sequence, what]) => (
            <div key={what}>
              <dt>
                {sequence.map((key) => (
                  <kbd key={key}>{key}</kbd>
                ))}
              </dt>
              <dd>{what}</dd>
            </div>
          ))}
        </dl>
        <form method="dialog">
          <button type="submit">Close</button>
        </form>
      </dialog>
    </>
  );
}
