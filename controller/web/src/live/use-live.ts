/** Streams and answers as hooks. */
import { useEffect, useMemo, useReducer, useRef, useState } from 'preact/hooks';
import { ApiError } from './api-error';
import { openStream, type StreamState } from './live-stream';
import { ResourceMirror, type WatchEvent } from './resource-mirror';

/** So often a page is drawn at most, however much comes. */
const DRAW_EVERY_MS = 100;

/** Asks to draw soon, however often it is called before. */
export function useRedraw(): () => void {
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  return useMemo(
    () => () => {
      timer.current ??= setTimeout(() => {
        timer.current = undefined;
        redraw(0);
      }, DRAW_EVERY_MS);
    },
    [],
  );
}

export interface StreamUse<Message> {
  readonly method: string;
  readonly request: object;
  /** Those of the first drawing with this method and request are used. */
  readonly onOpen?: (resumed: boolean) => void;
  readonly onMessage: (message: Message) => void;
  readonly onBreak?: () => void;
}

export function useStream<Message>({ method, request, ...handlers }: StreamUse<Message>): StreamState {
  const [state, setState] = useState<StreamState>({ kind: 'connecting' });
  const key = JSON.stringify(request);
  useEffect(() => {
    const stream = openStream<Message>(method, request, {
      onOpen: (resumed) => handlers.onOpen?.(resumed),
      onMessage: (message) => handlers.onMessage(message),
      onState: (next) => {
        if (next.kind === 'stale') handlers.onBreak?.();
        setState(next);
      },
    });
    return () => stream.close();
  }, [method, key]);
  return state;
}

export interface Watched<Resource> {
  readonly mirror: ResourceMirror<Resource>;
  readonly state: StreamState;
}

export interface Watch<Message, Resource> {
  readonly method: string;
  /** What a message says, if anything. */
  readonly toEvent: (message: Message) => WatchEvent<Resource> | undefined;
}

/** Follows a watch. */
export function useWatch<Message, Resource>({
  method,
  toEvent,
}: Watch<Message, Resource>): Watched<Resource> {
  const mirror = useMemo(() => new ResourceMirror<Resource>(), [method]);
  const redraw = useRedraw();
  const state = useStream({
    method,
    request: {},
    onOpen: (resumed) => mirror.open(resumed),
    onMessage: (message: Message) => {
      const event = toEvent(message);
      if (event !== undefined) mirror.apply(event);
      redraw();
    },
  });
  return { mirror, state };
}

export type Answered<Answer> =
  | { readonly kind: 'loading' }
  | { readonly kind: 'failed'; readonly error: ApiError }
  /** `error`: what is shown is old, since asking again failed. */
  | { readonly kind: 'ready'; readonly answer: Answer; readonly error?: ApiError };

/** Asks now, whenever `key` changes, and every `everyMs`; an answer that is there stays until the next one. */
export function useAnswer<Answer>(
  key: string,
  ask: (signal: AbortSignal) => Promise<Answer>,
  everyMs: number,
): Answered<Answer> {
  const [answered, setAnswered] = useState<Answered<Answer>>({ kind: 'loading' });
  useEffect(() => {
    const end = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    setAnswered({ kind: 'loading' });
    const again = async (): Promise<void> => {
      try {
        const answer = await ask(end.signal);
        if (!end.signal.aborted) setAnswered({ kind: 'ready', answer });
      } catch (caught) {
        if (end.signal.aborted) return;
        const error = caught instanceof ApiError ? caught : new ApiError('UNKNOWN', String(caught));
        setAnswered((before) => (before.kind === 'ready' ? { ...before, error } : { kind: 'failed', error }));
      }
      if (!end.signal.aborted) timer = setTimeout(() => void again(), everyMs);
    };
    void again();
    return () => {
      end.abort();
      clearTimeout(timer);
    };
  }, [key]);
  return answered;
}
