/** Whether every caller may still have as many calls open as are his: what a call that went wrong has kept would be missing. */
import { connect, type ClientHttp2Session } from 'node:http2';
import { setTimeout } from 'node:timers/promises';
import { connect as connectTls, type SecureContext } from 'node:tls';

export interface Caller {
  readonly name: string;
  readonly port: number;
  readonly localAddress: string;
  readonly context: SecureContext | undefined;
  /** A method whose call stays open, and how many of it may be. */
  readonly path: string;
  readonly calls: number;
}

const ANSWER_MS = 2000;

/** Opens so many calls of the caller at once; an Error says that one was refused. */
export async function demandOpenCalls({ name, calls, path, ...how }: Caller): Promise<void> {
  const session = open(how);
  try {
    const refused = await Promise.race([
      Promise.any(Array.from({ length: calls }, () => refusal(session, path))),
      setTimeout(ANSWER_MS, undefined),
    ]);
    if (refused !== undefined) throw new Error(`${name} cannot have ${calls} calls open: ${refused}`);
  } finally {
    session.destroy();
  }
}

function open({
  port,
  localAddress,
  context,
}: Pick<Caller, 'port' | 'localAddress' | 'context'>): ClientHttp2Session {
  const createConnection = () =>
    connectTls({
      ...{ port, localAddress, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['h2'] },
      ...(context && { secureContext: context }),
    });
  return connect(`https://127.0.0.1:${port}`, { createConnection }).on('error', () => undefined);
}

/** Resolves when the call is refused; of one that is let in, nothing is heard, or that it was. */
function refusal(session: ClientHttp2Session, path: string): Promise<string> {
  const headers = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' };
  const call = session.request(headers, { endStream: false }).on('error', () => undefined);
  call.write(Buffer.alloc(5));
  return new Promise((resolve) => {
    call.on('response', (answer) => {
      if ('grpc-status' in answer) resolve(String(answer['grpc-message']));
    });
  });
}
