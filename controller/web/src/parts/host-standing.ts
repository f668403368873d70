/** How a host stands, in one word. */
import type { Host } from '../message-types';

export type Standing = 'offline' | 'behind' | 'realizing' | 'level';

/** The worst of what is so. */
export function hostStanding(host: Host): Standing {
  const {
    connected = false,
    desiredRevision = '0',
    acknowledgedRevision = '0',
    enforcedRevision = '0',
  } = host;
  if (!connected) return 'offline';
  if (acknowledgedRevision !== desiredRevision) return 'behind';
  return enforcedRevision === desiredRevision ? 'level' : 'realizing';
}

export const STANDING_WORDS: Readonly<
  Record<Standing, { readonly text: string; readonly tone: 'good' | 'warn' | 'bad' | 'mute' }>
> = {
  offline: { text: 'offline', tone: 'bad' },
  behind: { text: 'behind', tone: 'warn' },
  realizing: { text: 'not enforced', tone: 'warn' },
  level: { text: 'enforced', tone: 'good' },
};
