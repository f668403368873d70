/** What an agent says of itself when all is well, for tests. */
import { pino } from 'pino';
import { HostEvents } from '../host-events/host-events';
import type { AgentStatus } from './status';

export const STATUS: AgentStatus = {
  ...{ hostId: 'h1', version: '1', labels: {} },
  controller: { controller: 'c:1', state: 'in sync', reason: undefined, revision: '7', lastSync: undefined },
  identity: {
    source: 'enrolled',
    certificate: {
      uri: 'spiffe://nsgate.local/nsgate/host/h1',
      notAfter: '2031-01-31T00:00:00.000Z',
      ...{ daysLeft: 20.5, renewal: '2031-01-21T00:00:00.000Z' },
    },
    trouble: undefined,
  },
  kernel: { obstacle: undefined, seen: '1 2' },
  state: { complete: true, policies: 3, addressSets: 1, storingFault: undefined },
  namespaces: [
    {
      ...{ name: 'ns1', state: 'ready', detail: '', inode: 10, birth: '5', digest: 'd' },
      policies: [{ policy: 'policies/a', state: 'enforced', reason: undefined }],
    },
  ],
};

export const NO_EVENTS = new HostEvents(pino({ level: 'silent' }));
