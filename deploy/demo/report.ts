/** What the demo prints when all was seen: a table, and commands to try next. */
import Table from 'cli-table3';
import { relative } from 'node:path';
import type { TlsFiles } from '@nsgate/proto';
import type { Observations } from './observations';

const STYLE = process.stdout.isTTY ? { head: ['bold'] } : { head: [], border: [] };

/** A table of the traffic before and under the policy, and of the rule's counters. */
export function resultTable(seen: Observations, rule: { policy: string; id: string }): string {
  const traffic = new Table({
    head: ['traffic', 'before the policy', 'under the policy'],
    style: STYLE,
  });
  for (const row of seen.rows()) traffic.push([row.traffic, row.before, row.after]);
  const counters = new Table({ head: ['policy', 'rule', 'packets', 'bytes'], style: STYLE });
  const { packets = 0n, bytes = 0n } = seen.lastCounters() ?? {};
  counters.push([rule.policy, rule.id, packets.toString(), bytes.toString()]);
  return `${traffic.toString()}\n${counters.toString()}`;
}

/** Where to look at it in a browser. The token is for whoever reads this terminal. */
export function webPage({ url, token }: { url: string; token: string }): string {
  return [
    `Look at it in a browser: ${url} (its certificate is the demo's own; log in by this token)`,
    '',
    `  ${token}`,
  ].join('\n');
}

/** Where the controller is to be reached. */
export interface Endpoint {
  address: string;
  socket: string;
  tls: TlsFiles;
  policy: string;
}

/** grpcurl commands that work as printed from the current folder, over mutual TLS and over the Unix socket. */
export function nextCommands({ address, socket, tls, policy }: Endpoint): string {
  const short = (path: string): string => {
    const local = relative(process.cwd(), path);
    return local.startsWith('..') ? path : local;
  };
  const flags = `-cacert ${short(tls.ca)} -cert ${short(tls.cert)} -key ${short(tls.key)}`;
  const mutualTls = (data: string, method: string): string =>
    `grpcurl ${flags}${data === '' ? '' : ` -d '${data}'`} ${address} ${method}`;
  return [
    'Try next, in another terminal:',
    '',
    `  ${mutualTls('', 'list')}`,
    `  ${mutualTls('', 'nsgate.v1.PolicyService/ListPolicies')}`,
    `  ${mutualTls('', 'nsgate.v1.FleetService/ListHosts')}`,
    `  ${mutualTls('', 'nsgate.v1.FleetService/ListRealizations')}`,
    `  ${mutualTls('{"group_by":["STATS_DIMENSION_RULE"]}', 'nsgate.v1.StatsService/StreamStats')}`,
    `  ${mutualTls(`{"name":"${policy}"}`, 'nsgate.v1.PolicyService/DeletePolicy')}`,
    '',
    'Or as root over the Unix socket, without certificates:',
    '',
    `  grpcurl -plaintext -unix -authority localhost ${short(socket)} nsgate.v1.PolicyService/ListPolicies`,
  ].join('\n');
}
