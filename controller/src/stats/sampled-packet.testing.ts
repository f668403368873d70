/** Sampled packets for tests. */
import type { SampledPacket } from './packet-log';

export function sampledPacket(fields: Partial<SampledPacket>): SampledPacket {
  return {
    ...{
      time: new Date(0),
      hostId: 'h1',
      namespace: 'ns1',
      hook: 'input',
      policy: 'policies/p',
      ruleId: 'r',
    },
    ...{ isDefault: false, verdict: 'drop', shadow: false, protocol: 6, sourcePort: 1, destinationPort: 2 },
    ...{ source: Buffer.from([10, 0, 0, 1]), destination: Buffer.from([10, 0, 0, 2]), length: 60 },
    ...{
      icmpType: 0,
      icmpCode: 0,
      tcpFlags: ['syn'],
      state: 'new',
      mark: 0,
      inInterface: 'a',
      outInterface: '',
    },
    ...{ suppressed: 0n, fragment: false, malformed: false },
    ...fields,
  };
}
