/** One unary call as a promise, with a deadline. */
import type { CallOptions, ClientUnaryCall, ServiceError } from '@grpc/grpc-js';
import { Metadata } from '@grpc/grpc-js';
import { RpcError } from '@nsgate/proto';

type UnaryMethod<Request, Response> = (
  request: Request,
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: (error: ServiceError | null, response: Response) => void,
) => ClientUnaryCall;

const DEADLINE_MS = 30_000;

/** Rejects with RpcError. `method` is bound to its client. */
export function call<Request, Response>(
  method: UnaryMethod<Request, Response>,
  request: Request,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    method(request, new Metadata(), { deadline: Date.now() + DEADLINE_MS }, (error, response) => {
      if (error === null) resolve(response);
      else reject(RpcError.fromServiceError(error));
    });
  });
}

/** Every entry of a list, page after page. */
export async function allPages<Response extends { nextPageToken: string }, Entry>(
  next: (pageToken: string) => Promise<Response>,
  entriesOf: (response: Response) => readonly Entry[],
): Promise<Entry[]> {
  const entries: Entry[] = [];
  let pageToken = '';
  do {
    const response = await next(pageToken);
    entries.push(...entriesOf(response));
    pageToken = response.nextPageToken;
  } while (pageToken !== '');
  return entries;
}
