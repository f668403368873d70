/** Paths of pages, without reloading. */
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';

const NAVIGATED = 'nsgate:navigated';

export function navigate(path: string, { replace = false } = {}): void {
  if (replace) history.replaceState(null, '', path);
  else history.pushState(null, '', path);
  window.dispatchEvent(new Event(NAVIGATED));
}

/** The page's address, as it changes. */
export function useAddress(): URL {
  const [href, setHref] = useState(location.href);
  useEffect(() => {
    const look = (): void => setHref(location.href);
    window.addEventListener(NAVIGATED, look);
    window.addEventListener('popstate', look);
    return () => {
      window.removeEventListener(NAVIGATED, look);
      window.removeEventListener('popstate', look);
    };
  }, []);
  return new URL(href);
}

export interface LinkProps {
  readonly to: string;
  readonly current?: boolean;
  readonly class?: string;
  /** For who does not see what stands around it. */
  readonly label?: string;
  readonly children: ComponentChildren;
}

/** Opens in a new tab as other links do. */
export function Link({ to, current = false, class: className, label, children }: LinkProps): JSX.Element {
  const follow = (event: MouseEvent): void => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    navigate(to);
    window.scrollTo(0, 0);
  };
  return (
    <a
      href={to}
      class={className}
      aria-label={label}
      aria-current={current ? 'page' : undefined}
      onClick={follow}
    >
      {children}
    </a>
  );
}

/** A value that is kept in the address: `[value, set]`. */
export function useParameter(name: string): [string, (value: string) => void] {
  const value = useAddress().searchParams.get(name) ?? '';
  const set = (next: string): void => {
    const url = new URL(location.href);
    if (next === '') url.searchParams.delete(name);
    else url.searchParams.set(name, next);
    navigate(url.pathname + url.search, { replace: true });
  };
  return [value, set];
}
