/** What holds for every call before its handler is asked, also for services that are not ours: health and reflection. */
import {
  Metadata,
  ServerInterceptingCall,
  ServerListenerBuilder,
  status,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
} from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { toServiceError } from './call-errors';
import type { Transport } from './caller';
import type { Gatekeeper } from './gatekeeper';
import type { AuthenticatedCall } from './peer-identity';

type AuthContext = ReturnType<AuthenticatedCall['getAuthContext']>;

/** A request that has begun and is not whole by then is ended: nobody may hold calls open by saying nothing. */
const REQUEST_MS = 30_000;

export interface RequestGuardOptions {
  readonly transport: Transport;
  readonly gatekeeper: Gatekeeper;
  readonly logger: Logger;
}

/** Has the gatekeeper greet whoever calls, and lets nothing of the request be read before. */
export function requestGuard(options: RequestGuardOptions): ServerInterceptor {
  return (method, call) => {
    const guest = new Arrival(options, call, method.path);
    let timer: NodeJS.Timeout | undefined;
    const listener = new ServerListenerBuilder()
      .withOnReceiveMetadata((metadata, next) => {
        if (!method.requestStream) timer = setTimeout(() => refuseSlow(call), REQUEST_MS);
        void guest.greet(metadata).then((greeted) => greeted && next(metadata));
      })
      .withOnReceiveHalfClose((next) => {
        clearTimeout(timer);
        next();
      })
      .withOnCancel(() => {
        clearTimeout(timer);
        guest.leave();
      })
      .build();
    return new ServerInterceptingCall(call, { start: (next) => next(listener) });
  };
}

/** One call, from its headers to its close. */
class Arrival {
  #state: 'arriving' | 'gone' | (() => void) = 'arriving';

  constructor(
    private readonly options: RequestGuardOptions,
    private readonly call: ServerInterceptingCallInterface,
    private readonly path: string,
  ) {}

  /** Whether the call may go on; who may not is told. */
  async greet(metadata: Metadata): Promise<boolean> {
    const { gatekeeper, transport, logger } = this.options;
    const { call, path } = this;
    const authContext = authContextOf(call);
    if (authContext === undefined) return false;
    const peer = { getPeer: () => call.getPeer(), getAuthContext: () => authContext, metadata };
    try {
      const leave = await gatekeeper.greet({ call: peer, transport, path });
      if (this.#state === 'gone') leave();
      else this.#state = leave;
      return this.#state !== 'gone';
    } catch (error) {
      const { code, details, metadata: trailer } = toServiceError(error, path, logger);
      call.sendStatus({ code, details, metadata: trailer });
      return false;
    }
  }

  /** The call has closed. */
  leave(): void {
    if (typeof this.#state === 'function') this.#state();
    this.#state = 'gone';
  }
}

/** Undefined when the connection has closed meanwhile: grpc-js cannot say any more whose it was, and nobody waits for an answer. */
function authContextOf(call: ServerInterceptingCallInterface): AuthContext | undefined {
  try {
    return call.getAuthContext();
  } catch {
    return undefined;
  }
}

function refuseSlow(call: ServerInterceptingCallInterface): void {
  call.sendStatus({
    code: status.DEADLINE_EXCEEDED,
    details: 'the request did not come whole in time',
    metadata: new Metadata(),
  });
}
