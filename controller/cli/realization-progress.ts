/** Waiting until policies are enforced, with a bar for people. */
import type { ServiceError } from '@grpc/grpc-js';
import {
  RpcError,
  WaitForRealizationRequest,
  WaitOutcome,
  type WaitForRealizationResponse,
} from '@nsgate/proto';
import type { CommandContext } from './command-context';
import { CommandError, type Outcome } from './exit-code';

const BAR = 20;

export interface Awaited {
  readonly policy: string;
  /** 0 for the current one. */
  readonly revision: bigint;
}

/** Returns when all are enforced; a CommandError says which failed, or that time was up. */
export async function waitForAll(
  context: CommandContext,
  awaited: readonly Awaited[],
  timeoutS: number,
): Promise<void> {
  const end = performance.now() + timeoutS * 1000;
  let worst: Outcome | undefined;
  for (const { policy, revision } of awaited) {
    const leftMs = Math.max(0, end - performance.now());
    const last = await follow(context, { policy, revision }, leftMs);
    context.note(`${context.interactive ? '\r\u001b[K' : ''}${policy}: ${conclusion(last)}`);
    for (const { host, namespace, reason } of last.failures) {
      context.note(`  ${host} ${namespace === '' ? '(all)' : namespace}: ${reason}`);
    }
    if (last.outcome === WaitOutcome.WAIT_OUTCOME_FAILED) worst = 'notEnforced';
    if (last.outcome === WaitOutcome.WAIT_OUTCOME_TIMED_OUT) worst ??= 'timedOut';
  }
  if (worst !== undefined) throw new CommandError(worst, '');
}

function follow(
  { connection, interactive }: CommandContext,
  { policy, revision }: Awaited,
  timeoutMs: number,
): Promise<WaitForRealizationResponse> {
  const timeout = {
    seconds: BigInt(Math.floor(timeoutMs / 1000)),
    nanos: Math.floor(timeoutMs % 1000) * 1_000_000,
  };
  const call = connection.fleet.waitForRealization(
    WaitForRealizationRequest.create({ policy, revision, timeout }),
  );
  return new Promise((resolve, reject) => {
    call.on('data', (message: WaitForRealizationResponse) => {
      if (message.done) resolve(message);
      else if (interactive) process.stderr.write(`\r\u001b[K${policy}: ${barText(message)}`);
    });
    call.on('error', (error: ServiceError) => reject(RpcError.fromServiceError(error)));
  });
}

function barText({ enforced, pending, failed, hostsBehind }: WaitForRealizationResponse): string {
  const total = Number(enforced + pending + failed);
  const filled = total === 0 ? 0 : Math.round((BAR * Number(enforced)) / total);
  const behind = hostsBehind === 0 ? '' : `, ${hostsBehind} hosts behind`;
  return `[${'#'.repeat(filled)}${'.'.repeat(BAR - filled)}] ${enforced} of ${total} namespaces${behind}`;
}

function conclusion({
  outcome,
  enforced,
  pending,
  failed,
  hosts,
  hostsBehind,
}: WaitForRealizationResponse): string {
  const where = `${enforced} namespaces on ${hosts} connected hosts`;
  switch (outcome) {
    case WaitOutcome.WAIT_OUTCOME_ENFORCED:
      return `enforced in ${where}`;
    case WaitOutcome.WAIT_OUTCOME_FAILED:
      return `failed in ${failed}, enforced in ${where}`;
    case WaitOutcome.WAIT_OUTCOME_TIMED_OUT:
    case WaitOutcome.WAIT_OUTCOME_UNSPECIFIED:
      return `time is up: ${pending} namespaces pending, ${hostsBehind} hosts behind, enforced in ${where}`;
  }
}
