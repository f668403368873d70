import fc from 'fast-check';
import { EventParser } from './event-parser';

const STREAM =
  ': nsgate\n\nevent: open\ndata: {"resumed":false}\n\nid: 7\ndata: {"a":1}\n\n: beat\n\ndata: x\ndata: y\n\n';

describe('the reader of events', () => {
  it('gives the same events however the stream is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(STREAM.length)), (cuts) => {
        const parser = new EventParser();
        const at = [0, ...cuts.sort((a, b) => a - b), STREAM.length];
        const events = at.slice(1).flatMap((end, i) => parser.push(STREAM.slice(at[i], end)));
        expect(events).toEqual([
          { event: 'open', id: undefined, data: '{"resumed":false}' },
          { event: 'message', id: '7', data: '{"a":1}' },
          { event: 'message', id: undefined, data: 'x\ny' },
        ]);
      }),
    );
  });
});
