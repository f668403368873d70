/** Reads text/event-stream as it arrives, in pieces of any size. */

export interface StreamEvent {
  /** `message` where the stream names none. */
  readonly event: string;
  /** Undefined where it has none: what is resumed by stays as it was. */
  readonly id: string | undefined;
  readonly data: string;
}

export class EventParser {
  #rest = '';

  /** Events that end in this piece. */
  push(piece: string): StreamEvent[] {
    const blocks = (this.#rest + piece).split('\n\n');
    this.#rest = blocks.pop() ?? '';
    return blocks.map(parseBlock).filter((event) => event !== undefined);
  }
}

function parseBlock(block: string): StreamEvent | undefined {
  let event = 'message';
  let id: string | undefined;
  let data: string | undefined;
  for (const line of block.split('\n')) {
    const [, field, value = ''] = /^([a-z]+): ?(.*)$/.exec(line) ?? [];
    if (field === 'event') event = value;
    else if (field === 'id') id = value;
    else if (field === 'data') data = data === undefined ? value : `${data}\n${value}`;
  }
  return data === undefined ? undefined : { event, id, data };
}
