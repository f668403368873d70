/** What the web server lets viewers call: methods that change nothing. Whatever is not named here cannot be reached from a browser. */

/** How a stream goes on where a viewer was cut off: both fields of protobuf's JSON form. */
export interface Resumption {
  /** Of a message: by what it is resumed after. */
  readonly responseField: string;
  /** Of the request: where that is put. */
  readonly requestField: string;
}

export type ReadMethod =
  { readonly kind: 'unary' } | { readonly kind: 'stream'; readonly resume?: Resumption };

const UNARY: ReadMethod = { kind: 'unary' };
const STREAM: ReadMethod = { kind: 'stream' };
const BY_REVISION: ReadMethod = {
  kind: 'stream',
  resume: { responseField: 'revision', requestField: 'afterRevision' },
};

/** By `Service/Method`. */
export const READ_METHODS: ReadonlyMap<string, ReadMethod> = new Map<string, ReadMethod>([
  ['PolicyService/GetPolicy', UNARY],
  ['PolicyService/ListPolicies', UNARY],
  ['PolicyService/ListPolicyRevisions', UNARY],
  ['PolicyService/GetPolicyRevision', UNARY],
  ['PolicyService/DiffPolicyRevisions', UNARY],
  ['PolicyService/WatchPolicies', BY_REVISION],
  ['AddressSetService/GetAddressSet', UNARY],
  ['AddressSetService/ListAddressSets', UNARY],
  ['AddressSetService/ListAddressSetMembers', UNARY],
  ['AddressSetService/WatchAddressSets', BY_REVISION],
  ['AddressSetService/ListAddressSetRevisions', UNARY],
  ['AddressSetService/GetAddressSetRevision', UNARY],
  ['AddressSetService/DiffAddressSetRevisions', UNARY],
  ['FleetService/GetHost', UNARY],
  ['FleetService/ListHosts', UNARY],
  ['FleetService/ListNamespaces', UNARY],
  ['FleetService/ListRealizations', UNARY],
  ['FleetService/GetRealizationSummary', UNARY],
  ['FleetService/ListRealizationSummaries', UNARY],
  ['FleetService/ListHostEvents', UNARY],
  ['FleetService/Explain', UNARY],
  ['FleetService/WaitForRealization', STREAM],
  ['FleetService/WatchHosts', STREAM],
  ['FleetService/WatchHostEvents', STREAM],
  ['StatsService/QueryStats', UNARY],
  ['StatsService/ListTopRules', UNARY],
  ['StatsService/ListUnusedRules', UNARY],
  ['StatsService/StreamStats', STREAM],
  ['StatsService/StreamPackets', STREAM],
]);
