/** Why a watch of resources ended, as its caller is told. */
import { status } from '@grpc/grpc-js';
import { RpcError } from '@nsgate/proto';
import type { WatchEnded } from '../policy-store/policy-store';
import { stoppingError } from '../rpc/service';

export function watchError({ why }: WatchEnded, afterRevision: bigint): RpcError {
  switch (why) {
    case 'compacted':
      return new RpcError(
        status.OUT_OF_RANGE,
        `changes after revision ${afterRevision} are not held: watch again without after_revision`,
        { reason: { reason: 'REVISION_NOT_HELD', metadata: { revision: String(afterRevision) } } },
      );
    case 'too-slow':
      return new RpcError(
        status.RESOURCE_EXHAUSTED,
        'the watcher read too slowly: watch again after the last revision that it has seen',
        { reason: { reason: 'WATCHER_TOO_SLOW', metadata: {} } },
      );
    case 'store-closed':
      return stoppingError();
  }
}
