/** What holds for every call before its handler is asked, also for services that are not ours: health and reflection. */
import {
  Metadata,
  ServerInterceptingCall,
  ServerListenerBuilder,
  status,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
} from '@grpc/grpc-js';
import type { Transport } from './caller';
import type { Gatekeeper } from './gatekeeper';

/** A request that has begun and is not whole by then is ended: nobody may hold calls open by saying nothing. */
const REQUEST_MS = 30_000;

export interface RequestGuardOptions {
  readonly transport: Transport;
  readonly gatekeeper: Gatekeeper;
  /** Whether the path is of a service that asks the gatekeeper itself. */
  readonly isGuarded: (path: string) => boolean;
  readonly requestMs?: number;
}

export function requestGuard(options: RequestGuardOptions): ServerInterceptor {
  return (method, call) => {
    const isOurs = options.isGuarded(method.path);
    if (method.requestStream && isOurs) return new ServerInterceptingCall(call);
    let timer: NodeJS.Timeout | undefined;
    const listener = new ServerListenerBuilder()
      .withOnReceiveMetadata((metadata, next) => {
        if (!method.requestStream)
          timer = setTimeout(() => refuseSlow(call), options.requestMs ?? REQUEST_MS);
        if (isOurs) next(metadata);
        else void admitUtility(options, call, metadata).then((admitted) => admitted && next(metadata));
      })
      .withOnReceiveHalfClose((next) => {
        clearTimeout(timer);
        next();
      })
      .withOnCancel(() => clearTimeout(timer))
      .build();
    return new ServerInterceptingCall(call, { start: (next) => next(listener) });
  };
}

function refuseSlow(call: ServerInterceptingCallInterface): void {
  call.sendStatus({
    code: status.DEADLINE_EXCEEDED,
    details: 'the request did not come whole in time',
    metadata: new Metadata(),
  });
}

async function admitUtility(
  { gatekeeper, transport }: RequestGuardOptions,
  call: ServerInterceptingCallInterface,
  metadata: Metadata,
): Promise<boolean> {
  const peer = { getPeer: () => call.getPeer(), getAuthContext: () => call.getAuthContext(), metadata };
  const objection = await gatekeeper.objectionToUtility(peer, transport);
  if (objection === undefined) return true;
  call.sendStatus({ code: objection.code, details: objection.message, metadata: new Metadata() });
  return false;
}
