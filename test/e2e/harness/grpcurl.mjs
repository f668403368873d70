#!/usr/bin/env node
/**
 * Stands in for grpcurl, which no package registry of ours has: takes the flags that the README uses, and has
 * `buf curl` make the same call.
 */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const buf = join(dirname(fileURLToPath(import.meta.url)), '../../../node_modules/.bin/buf');
const valued = new Map([
  ['-cacert', '--cacert'],
  ['-cert', '--cert'],
  ['-key', '--key'],
  ['-d', '--data'],
]);

const given = process.argv.slice(2);
const flags = ['curl', '--protocol', 'grpc'];
let unix = false;
while (given[0]?.startsWith('-')) {
  const flag = given.shift() ?? '';
  if (flag === '-plaintext') flags.push('--http2-prior-knowledge');
  else if (flag === '-unix') unix = true;
  else if (flag === '-authority') given.shift();
  else if (valued.has(flag)) flags.push(valued.get(flag) ?? '', given.shift() ?? '');
  else throw new Error(`the stand-in for grpcurl does not know ${flag}`);
}
const [address, ...words] = given;
if (unix) flags.push('--unix-socket', address ?? '');
const base = unix ? 'http://localhost' : `https://${address}`;
const [verb, symbol] = words;
if (verb === 'list') flags.push('--list-services', base);
else if (verb === 'describe')
  flags.push('--list-methods', base); // The nearest that buf curl has: symbol is looked up by reflection.
else flags.push(`${base}/${verb}`);
if (verb === 'describe' && symbol === undefined) throw new Error('describe needs a symbol');

const { status } = spawnSync(buf, flags, { stdio: 'inherit' });
process.exitCode = status ?? 1;
