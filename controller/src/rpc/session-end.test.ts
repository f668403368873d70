import { EventEmitter } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { EndedSessions, endBetweenReads } from './session-end';

class FakeConnection extends EventEmitter {
  isClosed = false;

  destroy(): void {
    this.isClosed = true;
    this.emit('close');
  }
}

describe('the connection of a session', () => {
  let sessions: EndedSessions;
  beforeEach(() => {
    jest.useFakeTimers();
    sessions = new EndedSessions();
  });
  afterEach(() => {
    sessions.close();
    jest.useRealTimers();
  });

  it('is closed within 10 s of the end of the session, where Node does not close it', () => {
    const [session, connection] = [{ destroyed: false }, new FakeConnection()];
    sessions.watch(session, connection);
    jest.advanceTimersByTime(60_000);
    expect(connection.isClosed).toBe(false);
    session.destroyed = true;
    jest.advanceTimersByTime(10_000);
    expect(connection.isClosed).toBe(true);
  });

  it('is given time to close by itself', () => {
    const [session, connection] = [{ destroyed: false }, new FakeConnection()];
    sessions.watch(session, connection);
    jest.advanceTimersByTime(4999);
    session.destroyed = true;
    jest.advanceTimersByTime(1);
    expect(connection.isClosed).toBe(false);
    connection.emit('close');
    jest.advanceTimersByTime(60_000);
    expect(connection.isClosed).toBe(false);
  });
});

describe('a session that is ended from within its reading', () => {
  it('ends once that is over, as it was told to', async () => {
    const ends: unknown[][] = [];
    const session = { destroy: (...how: unknown[]) => void ends.push(how) };
    endBetweenReads(session);
    const why = new Error('Protocol error');
    session.destroy(why, 1);
    expect(ends).toEqual([]);
    await setImmediate();
    expect(ends).toEqual([[why, 1]]);
  });
});
