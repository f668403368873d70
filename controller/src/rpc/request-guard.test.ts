import { Metadata, type ServerInterceptingCallInterface, type ServerListener } from '@grpc/grpc-js';
import { pino } from 'pino';
import type { Gatekeeper } from './gatekeeper';
import { requestGuard } from './request-guard';

it('a caller whose connection has closed meanwhile is neither asked who he is nor answered', () => {
  const greet = jest.fn();
  const sendStatus = jest.fn();
  let listener: ServerListener | undefined;
  const call = {
    start: (told: ServerListener) => (listener = told),
    getPeer: () => 'unknown',
    // As grpc-js does of a socket without a peer.
    getAuthContext: () => (null as unknown as { raw: object }).raw,
    sendStatus,
  } as unknown as ServerInterceptingCallInterface;
  const logger = pino({ level: 'silent' });
  const guard = requestGuard({ transport: 'tls', gatekeeper: { greet } as unknown as Gatekeeper, logger });
  const method = { path: '/nsgate.v1.AgentStreamService/Connect', requestStream: true, responseStream: true };
  const guarded = guard(method as never, call);
  guarded.start({ onReceiveMetadata: () => undefined } as never);
  listener?.onReceiveMetadata?.(new Metadata(), () => undefined);
  expect(greet).not.toHaveBeenCalled();
  expect(sendStatus).not.toHaveBeenCalled();
});
