/** What a bad host says, as gRPC messages that are encoded already. */
import { ConnectRequest, Hello, RealizationState, StatsReport, type BindingStats } from '@nsgate/proto';

type Message = NonNullable<ConnectRequest['message']>;

export interface Floods {
  /** A report as agents make it: a thousand rows. */
  readonly statistics: Buffer;
  /** Near the largest that is allowed: 4 MiB. */
  readonly largeStatistics: Buffer;
  readonly largeReport: Buffer;
  /** As large, and all of it one entry. */
  readonly oneEntry: Buffer;
  /** Thousands of messages that have a meaning, and that have none. */
  readonly acks: Buffer;
  readonly empty: Buffer;
}

const ROWS = 1000;

export function hello(): Buffer {
  const value = Hello.fromPartial({ hostId: 'bad', bootId: 'b', labels: { site: 'bench' } });
  return grpc({ $case: 'hello', value });
}

export function floods(): Floods {
  return {
    statistics: stats([binding(ROWS)]),
    largeStatistics: stats(Array.from({ length: 220 }, () => binding(ROWS))),
    largeReport: realizations(50_000),
    oneEntry: stats([binding(230_000)]),
    acks: Buffer.concat(Array.from({ length: 5000 }, (_, i) => ack(BigInt(i)))),
    empty: Buffer.concat(Array.from({ length: 5000 }, () => grpcBytes(Buffer.alloc(0)))),
  };
}

function ack(nonce: bigint): Buffer {
  return grpc({ $case: 'ack', value: { nonce } });
}

function binding(rows: number): BindingStats {
  const column = <T>(value: T): T[] => Array<T>(rows).fill(value);
  const [partial] = StatsReport.fromPartial({
    bindings: [
      {
        ...{
          namespace: 'tenant-1',
          epoch: 1n,
          ruleKeys: Array.from({ length: rows }, (_, i) => BigInt(i) + 1n),
        },
        ...{
          packets: column(123_456n),
          bytes: column(123_456_789n),
          shadowPackets: column(0n),
          idleMs: column(0n),
        },
      },
    ],
  }).bindings;
  if (partial === undefined) throw new Error('a report of one binding has none');
  return partial;
}

function stats(bindings: BindingStats[]): Buffer {
  return grpc({ $case: 'stats', value: StatsReport.fromPartial({ bindings }) });
}

function realizations(count: number): Buffer {
  const entries = Array.from({ length: count }, (_, i) => ({
    ...{ policy: 'policies/bench', namespace: `tenant-${i}`, host: '', policyRevision: 1n, reason: '' },
    ...{ state: RealizationState.REALIZATION_STATE_ENFORCED, rulesetDigest: 'd'.repeat(32) },
  }));
  return grpc({ $case: 'realizations', value: { snapshot: true, realizations: entries } });
}

function grpc(message: Message): Buffer {
  return grpcBytes(ConnectRequest.encode({ message }).finish());
}

function grpcBytes(bytes: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}
