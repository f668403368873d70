/** Policies of a small site, on which there is something to see. */
import { Action, ConnectionState, Hook, RejectWith } from '@nsgate/proto';
import type { Fleet } from './fleet';

type PolicyFields = Parameters<Fleet['addPolicy']>[0];

/** Drops what the tests count out: nothing else goes there. */
export const COUNTED_PORT = 7007;

const TENANTS = { include: ['tenant-*'] };

export const WEB_FRONT: PolicyFields = {
  name: 'policies/web-front',
  description: 'Names and web pages for everybody, telnet refused, the rest dropped and looked at',
  namespaces: TENANTS,
  rules: [
    {
      id: 'counted',
      comment: 'What the tests send, packet by packet',
      hook: Hook.HOOK_INPUT,
      action: Action.ACTION_DROP,
      match: { protocol: 'udp', destinationPorts: [String(COUNTED_PORT)] },
      log: { rate: 1000, burst: 1000 },
    },
    {
      id: 'dns',
      hook: Hook.HOOK_INPUT,
      action: Action.ACTION_ACCEPT,
      match: { protocol: 'udp', destinationPorts: ['53'] },
    },
    {
      id: 'web',
      hook: Hook.HOOK_INPUT,
      action: Action.ACTION_ACCEPT,
      match: { protocol: 'tcp', destinationPorts: ['80', '443'] },
      log: { rate: 1, burst: 1 },
    },
    {
      id: 'telnet',
      comment: 'Told at once, so that nobody waits',
      hook: Hook.HOOK_INPUT,
      action: Action.ACTION_REJECT,
      rejectWith: RejectWith.REJECT_WITH_TCP_RESET,
      match: { protocol: 'tcp', destinationPorts: ['23'] },
      log: { rate: 2, burst: 2 },
    },
    { id: 'icmpv6', hook: Hook.HOOK_INPUT, action: Action.ACTION_ACCEPT, match: { protocol: 'icmpv6' } },
  ],
  defaultVerdicts: [{ hook: Hook.HOOK_INPUT, verdict: Action.ACTION_DROP, log: { rate: 2, burst: 4 } }],
};

export const DNS_GUARD: PolicyFields = {
  name: 'policies/dns-guard',
  description: 'What it would mean to end lookups over IPv6: counted, not applied',
  namespaces: TENANTS,
  priority: -10,
  rules: [
    {
      id: 'no-dns-over-ipv6',
      hook: Hook.HOOK_INPUT,
      action: Action.ACTION_DROP,
      shadow: true,
      match: { sources: ['fd09::/16'], protocol: 'udp', destinationPorts: ['53'] },
    },
    {
      id: 'answers',
      hook: Hook.HOOK_OUTPUT,
      action: Action.ACTION_COUNT,
      match: { protocol: 'icmp' },
    },
  ],
};

export const TRACKING: PolicyFields = {
  name: 'policies/tracking',
  description: 'Nothing that belongs to no connection',
  namespaces: TENANTS,
  rules: [
    {
      id: 'invalid',
      hook: Hook.HOOK_PREROUTING,
      action: Action.ACTION_DROP,
      match: { states: [ConnectionState.CONNECTION_STATE_INVALID] },
    },
  ],
};
