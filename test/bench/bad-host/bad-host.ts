/** A bad host as a process of its own: it does what it is told to, until it is told something else. */
import { readFileSync } from 'node:fs';
import { BadHost, type Misdeed } from './misdeeds';

/** What it is told: a misdeed, or to stop, whereupon it tells what it got through. */
export type Order = { readonly misdeed: Misdeed } | { readonly misdeed: undefined };
export interface Account {
  readonly bytes: number;
  readonly connections: number;
}

const [port = '', cert = '', key = '', ca = ''] = process.argv.slice(2);
const proof = { ca: readFileSync(ca), cert: readFileSync(cert), key: readFileSync(key) };
let stop = new AbortController();

process.on('message', ({ misdeed }: Order) => {
  stop.abort();
  stop = new AbortController();
  if (misdeed === undefined) return;
  const { signal } = stop;
  const host = new BadHost({ url: `https://127.0.0.1:${port}`, proof }, signal);
  signal.addEventListener('abort', () =>
    process.send?.({ bytes: host.bytes, connections: host.connections } satisfies Account),
  );
  void host.do(misdeed);
});
process.on('disconnect', () => process.exit(0));
