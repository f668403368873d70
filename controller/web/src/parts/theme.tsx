/** Light, dark, or as the system has it; kept in the browser. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

const KEY = 'nsgate-theme';
const THEMES = ['system', 'light', 'dark'] as const;
type Theme = (typeof THEMES)[number];
/** Charts take their colours anew. */
export const THEME_CHANGED = 'nsgate:theme';

function stored(): Theme {
  const found = localStorage.getItem(KEY);
  return THEMES.find((theme) => theme === found) ?? 'system';
}

export function applyStoredTheme(): void {
  const theme = stored();
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  window.dispatchEvent(new Event(THEME_CHANGED));
}

export function ThemeToggle(): JSX.Element {
  const [theme, setTheme] = useState(stored);
  const choose = (): void => {
    const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? 'system';
    localStorage.setItem(KEY, next);
    setTheme(next);
    applyStoredTheme();
  };
  return (
    <button type="button" class="quiet" onClick={choose} aria-label={`Colours: ${theme}. Change`}>
      {{ system: '◐', light: '☀', dark: '☾' }[theme]}
    </button>
  );
}
