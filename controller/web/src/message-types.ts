/** Messages of nsgate.v1 in protobuf's JSON form, as far as the pages show them: what is zero or empty is left out, 64-bit numbers are text. */

export interface Host {
  name: string;
  labels?: Record<string, string>;
  connected?: boolean;
  stateChangeTime?: string;
  agentVersion?: string;
  moduleVersion?: string;
  kernelRelease?: string;
  bootId?: string;
  desiredRevision?: string;
  acknowledgedRevision?: string;
  enforcedRevision?: string;
  namespaceCount?: number;
  health?: HostHealth;
}

export interface HostHealth {
  moduleLoaded?: boolean;
  moduleMemoryBytes?: string;
  rulesets?: number;
  bindings?: number;
  kernelNamespaces?: number;
  quarantined?: number;
  agentMemoryBytes?: string;
}

export interface Namespace {
  name: string;
  inode?: number;
  birthId?: string;
  state?: string;
  rulesetDigest?: string;
  detail?: string;
  initial?: boolean;
}

export interface Realization {
  policy: string;
  host: string;
  namespace?: string;
  state?: string;
  reason?: string;
  policyRevision?: string;
}

export interface RealizationSummary {
  policy: string;
  revision?: string;
  hosts?: number;
  hostsBehind?: number;
  hostsAbsent?: number;
  enforced?: string;
  pending?: string;
  failed?: string;
}

export interface HostEvent {
  host: string;
  sequence: string;
  event?: { time?: string; kind?: string; namespace?: string; detail?: string };
}

export interface Rule {
  id: string;
  comment?: string;
  hook?: string;
  action?: string;
  shadow?: boolean;
  match?: Record<string, unknown>;
  log?: object;
}

export interface Policy {
  name: string;
  description?: string;
  revision?: string;
  updateTime?: string;
  tier?: string;
  priority?: number;
  labels?: Record<string, string>;
  hostSelector?: { requirements?: { key: string; operator?: string; values?: string[] }[] };
  namespaces?: { include?: string[]; exclude?: string[] };
  rules?: Rule[];
  defaultVerdicts?: { hook?: string; verdict?: string; log?: object }[];
}

export interface Counters {
  packets?: string;
  bytes?: string;
  shadowPackets?: string;
}

/** What became of packets. */
export interface Traffic {
  seen?: string;
  accepted?: string;
  dropped?: string;
  rejected?: string;
  shadowDropped?: string;
  malformed?: string;
  defaulted?: string;
}

export interface StatsGroup {
  host?: string;
  namespace?: string;
  policy?: string;
  ruleId?: string;
  hook?: string;
  counters?: Counters;
  traffic?: Traffic;
  lastHitTime?: string;
}

export interface StatsMessage {
  snapshot?: boolean;
  groups?: StatsGroup[];
  time?: string;
  missed?: string;
}

export interface StatsPoint {
  time: string;
  counters?: Counters;
  traffic?: Traffic;
}

export interface StatsHistory {
  series?: { group?: StatsGroup; points?: StatsPoint[] }[];
  gaps?: { startTime: string; endTime: string }[];
}

export interface PacketSample {
  time?: string;
  host?: string;
  namespace?: string;
  hook?: string;
  policy?: string;
  ruleId?: string;
  verdict?: string;
  shadow?: boolean;
  source?: string;
  destination?: string;
  protocol?: number;
  sourcePort?: number;
  destinationPort?: number;
  length?: number;
  defaultVerdict?: boolean;
  icmpType?: number;
  icmpCode?: number;
  tcpFlags?: string[];
  state?: string;
  mark?: number;
  inInterface?: string;
  outInterface?: string;
  suppressed?: string;
  fragment?: boolean;
  malformed?: boolean;
}

export interface ExplainAnswer {
  verdict?: string;
  policy?: string;
  ruleId?: string;
  policyRevision?: string;
  rulesetDigest?: string;
}
