/** Calls of unary methods. */
import { ApiError, refusal } from './api-error';

export function methodUrl(method: string, request: object): string {
  return `/api/v1/${method}?request=${encodeURIComponent(JSON.stringify(request))}`;
}

/** Rejects with ApiError. */
export async function call<Answer>(method: string, request: object, signal?: AbortSignal): Promise<Answer> {
  const response = await fetch(methodUrl(method, request), { signal: signal ?? null }).catch(
    (error: unknown) => {
      throw signal?.aborted === true ? error : ApiError.offline();
    },
  );
  if (!response.ok) throw await refusal(response);
  return (await response.json()) as Answer;
}

/** Every entry of a list that comes in pages. */
export async function listAll<Entry>(
  method: string,
  { field, request, signal }: { field: string; request: object; signal: AbortSignal },
): Promise<Entry[]> {
  const entries: Entry[] = [];
  let pageToken = '';
  do {
    const page = await call<Record<string, unknown>>(
      method,
      { ...request, pageSize: 1000, pageToken },
      signal,
    );
    entries.push(...((page[field] as Entry[] | undefined) ?? []));
    pageToken = (page.nextPageToken as string | undefined) ?? '';
  } while (pageToken !== '');
  return entries;
}
