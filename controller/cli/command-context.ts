/** What every command is given: where to, and how to tell. */
import type { Connection } from './connection';

export interface CommandContext {
  readonly connection: Connection;
  /** To stdout; nothing, where there is nothing to tell. */
  readonly print: (line: string) => void;
  /** To stderr, for people. */
  readonly note: (line: string) => void;
  /** Whether people look at stdout, and like colours. */
  readonly colours: boolean;
  /** Whether people look at stderr. */
  readonly interactive: boolean;
}

/** `policies/web` for `web` and for itself; likewise of other kinds. */
export function resourceName(collection: 'policies' | 'hosts' | 'addressSets', name: string): string {
  return name.includes('/') ? name : `${collection}/${name}`;
}

/** Sets are told from policies by their full names. */
export function isSet(name: string): boolean {
  return name.startsWith('addressSets/');
}
