/** `nsgate label` and `explain`: what is done with single hosts. */
import { actionToJSON, ExplainRequest, ExplainResponse, TcpFlag, UpdateHostRequest } from '@nsgate/proto';
import { call } from './call';
import { resourceName, type CommandContext } from './command-context';
import { CommandError } from './exit-code';
import { labelsText, render, shortName, type Output, wholeJson } from './output';

/** `role=web` sets a label of operators, `role-` takes it away. */
export async function labelHost(
  { connection: { fleet }, print }: CommandContext,
  name: string,
  changes: readonly string[],
): Promise<void> {
  const host = await call(fleet.getHost.bind(fleet), { name: resourceName('hosts', name) });
  const labels = new Map(Object.entries(host.operatorLabels));
  for (const change of changes) {
    const [, key = '', sign, value = ''] = /^([^=]+?)(=|-$)(.*)$/.exec(change) ?? [];
    if (sign === undefined) throw new CommandError('usage', `${change} is neither KEY=VALUE nor KEY-`);
    if (sign === '=') labels.set(key, value);
    else labels.delete(key);
  }
  const request = UpdateHostRequest.fromPartial({
    host: { name: host.name, etag: host.etag, operatorLabels: Object.fromEntries(labels) },
    updateMask: ['operator_labels'],
  });
  const updated = await call(fleet.updateHost.bind(fleet), request);
  print(`${updated.name}: ${labelsText(updated.labels)}`);
}

export interface PacketOptions {
  readonly hook: string;
  readonly source: string;
  readonly destination: string;
  readonly protocol: string;
  readonly sport?: string;
  readonly dport?: string;
  readonly icmpType?: string;
  readonly icmpCode?: string;
  readonly tcpFlags?: string;
  readonly state?: string;
  readonly mark?: string;
  readonly in?: string;
  readonly out?: string;
  readonly output: Output;
}

/** Asks the ruleset that is live in a host's kernel. */
export async function explainPacket(
  { connection: { fleet }, print }: CommandContext,
  { host, namespace }: { host: string; namespace: string },
  options: PacketOptions,
): Promise<void> {
  const request = ExplainRequest.fromJSON({
    host: resourceName('hosts', host),
    namespace,
    hook: `HOOK_${options.hook.toUpperCase()}`,
    source: options.source,
    destination: options.destination,
    protocol: options.protocol,
    sourcePort: numberOf(options.sport),
    destinationPort: numberOf(options.dport),
    icmpType: numberOf(options.icmpType),
    icmpCode: numberOf(options.icmpCode),
    tcpFlags: (options.tcpFlags ?? '').split(',').filter(Boolean).map(flagOf),
    state: `CONNECTION_STATE_${(options.state ?? 'unspecified').toUpperCase()}`,
    mark: numberOf(options.mark),
    inInterface: options.in ?? '',
    outInterface: options.out ?? '',
  });
  const explained = await call(fleet.explain.bind(fleet), request);
  const { verdict, policy, ruleId, policyRevision, rulesetDigest } = explained;
  const listing = {
    what: 'answers',
    columns: ['VERDICT', 'POLICY', 'RULE', 'REVISION', 'RULESET'],
    rows: [
      [
        shortName(actionToJSON(verdict), 'ACTION_'),
        policy || '(none)',
        ruleId || '(default)',
        String(policyRevision),
        rulesetDigest.slice(0, 12),
      ],
    ],
    json: [wholeJson('ExplainResponse', ExplainResponse.encode(explained).finish())],
    single: true,
  };
  print(render(listing, options.output));
}

function flagOf(text: string): string {
  const flag = `TCP_FLAG_${text.trim().toUpperCase()}`;
  if (Object.hasOwn(TcpFlag, flag)) return flag;
  throw new CommandError('usage', `${text} is no flag of TCP: fin, syn, rst, psh, ack, urg, ece, cwr`);
}

function numberOf(text: string | undefined): number {
  const value = Number(text ?? 0);
  if (!Number.isInteger(value) || value < 0 || value > 0xffffffff)
    throw new CommandError('usage', `${text ?? ''} is no number that fits`);
  return value;
}
