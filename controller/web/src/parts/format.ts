/** Values as people read them. */

const COMPACT = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });
const WHOLE = new Intl.NumberFormat('en');

/** `12.3K`. */
export function compact(value: number): string {
  return value !== 0 && Math.abs(value) < 0.995 ? value.toFixed(2) : COMPACT.format(value);
}

/** `12,345`. */
export function whole(value: number | string | undefined): string {
  return WHOLE.format(Number(value ?? 0));
}

/** `1 host`, `12,345 hosts`. */
export function counted(value: number, noun: string): string {
  return `${whole(value)} ${noun}${value === 1 ? '' : 's'}`;
}

/** `1.5 MB`. */
export function bytes(value: number | string | undefined): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let rest = Number(value ?? 0);
  let unit = 0;
  for (; rest >= 1000 && unit < units.length - 1; unit++) rest /= 1000;
  return `${unit === 0 ? rest : rest.toFixed(1)} ${units[unit] ?? ''}`;
}

/** `3 min`: how long ago, from an RFC 3339 time. */
export function ago(time: string | undefined, now = Date.now()): string {
  return time === undefined ? '' : duration(Math.max(0, now - Date.parse(time)));
}

export function duration(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} days`;
}

/** `h1` of `hosts/h1`. */
export function shortName(name: string | undefined): string {
  return (name ?? '').replace(/^[A-Za-z]+\//, '');
}

/** `drop` of `ACTION_DROP`. */
export function word(value: string | undefined, prefix: string): string {
  return (value ?? '').replace(prefix, '').toLowerCase().replaceAll('_', ' ');
}

/** `role=edge, site=fra`. */
export function labelText(labels: Readonly<Record<string, string>> | undefined): string {
  return Object.entries(labels ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .join(', ');
}
