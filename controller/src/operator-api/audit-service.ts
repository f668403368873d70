/** nsgate.v1.AuditService. */
import { status } from '@grpc/grpc-js';
import { AuditServiceService, RpcError, type WatchAuditResponse } from '@nsgate/proto';
import type { AuditEntry } from '../audit/audit-entry';
import type { AuditLog } from '../audit/audit-log';
import { offerService, type CallContext, type OfferedService } from '../rpc/service';

/** Entries that may wait for a watcher. */
const MAX_WAITING = 1024;

/** Offers the audit log to administrators as it is written. */
export function auditService(log: AuditLog): OfferedService {
  return offerService(AuditServiceService, {
    watchAudit: (_request, context) => watchAudit(log, context),
  });
}

async function* watchAudit(log: AuditLog, { signal }: CallContext): AsyncGenerator<WatchAuditResponse> {
  const queue = new EntryQueue();
  const end = log.watch((entry) => queue.put(entry));
  const stop = (): void => queue.wake();
  signal.addEventListener('abort', stop);
  try {
    while (!signal.aborted) {
      const entry = await queue.take();
      if (entry !== undefined) yield { entry: entryMessage(entry) };
    }
  } finally {
    signal.removeEventListener('abort', stop);
    end();
  }
}

/** What waits for one watcher. */
class EntryQueue {
  readonly #waiting: AuditEntry[] = [];
  #isOverrun = false;
  #wake: (() => void) | undefined;

  put(entry: AuditEntry): void {
    if (this.#waiting.length < MAX_WAITING) this.#waiting.push(entry);
    else this.#isOverrun = true;
    this.wake();
  }

  wake(): void {
    this.#wake?.();
  }

  /** The next entry; undefined when it was woken for nothing. RESOURCE_EXHAUSTED once entries were lost. */
  async take(): Promise<AuditEntry | undefined> {
    if (this.#waiting.length === 0 && this.#isOverrun) throw tooSlow();
    if (this.#waiting.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.#waiting.shift();
  }
}

function entryMessage(entry: AuditEntry): WatchAuditResponse['entry'] {
  const { sequence, time, principal, method, peer, resources, result, reason, validateOnly, hash } = entry;
  return {
    sequence: BigInt(sequence),
    time: new Date(time),
    resources: [...resources],
    ...{ principal, method, peer, result, reason, validateOnly, hash },
  };
}

function tooSlow(): RpcError {
  return new RpcError(
    status.RESOURCE_EXHAUSTED,
    `more than ${MAX_WAITING} entries wait for this watcher: read on in the file`,
  );
}
