import pino from 'pino';
import type { Finding } from './namespace-entry';
import { NamespaceResolver } from './namespace-resolver';
import type { HeldNamespace, NamespaceSource } from './namespace-source';

/** Names that a test sets, and changes that it tells of. */
class FakeSource implements NamespaceSource {
  readonly findings = new Map<string, Finding>();
  fault: Error | undefined;
  scans = 0;
  held = 0;
  notify: (name: string | undefined) => void = () => undefined;

  readAll(): Map<string, Finding> {
    this.scans += 1;
    if (this.fault !== undefined) throw this.fault;
    return new Map(this.findings);
  }

  read(name: string): Finding | undefined {
    return this.findings.get(name);
  }

  hold(name: string): HeldNamespace | undefined {
    const finding = this.findings.get(name);
    if (finding?.kind !== 'namespace') return undefined;
    this.held += 1;
    return { inode: finding.inode, release: () => (this.held -= 1) };
  }

  watch(onChange: (name: string | undefined) => void): void {
    this.notify = onChange;
  }

  renewWatch(): void {
    // The names of this source are always in sight.
  }

  close(): void {
    this.notify = () => undefined;
  }
}

describe('the table of names', () => {
  let source: FakeSource;
  let changes: number;
  let resolver: NamespaceResolver;

  beforeEach(() => {
    jest.useFakeTimers();
    source = new FakeSource();
    changes = 0;
    resolver = new NamespaceResolver({
      source,
      initialInode: () => 1,
      allowInitial: new Set(),
      rescanMs: 2000,
      log: pino({ level: 'silent' }),
      onChange: () => (changes += 1),
    });
    source.findings.set('ns1', { kind: 'namespace', inode: 10 });
    resolver.start();
  });

  afterEach(() => {
    resolver.stop();
    jest.useRealTimers();
  });

  const states = (): string[] => resolver.entries().map(({ name, state }) => `${name} ${state}`);

  it('is there as soon as it is started', () => {
    expect(states()).toEqual(['ns1 ready']);
    expect(changes).toBe(1);
  });

  it('follows what it is told of, and looks at nothing else', async () => {
    source.findings.set('ns2', { kind: 'namespace', inode: 11 });
    source.notify('ns2');
    await jest.advanceTimersByTimeAsync(0);
    expect(states()).toEqual(['ns1 ready', 'ns2 ready']);
    expect(source.scans).toBe(1);
  });

  it('takes a placeholder for a namespace within milliseconds of the mount, though nobody tells', async () => {
    source.findings.set('ns2', { kind: 'placeholder' });
    source.notify('ns2');
    await jest.advanceTimersByTimeAsync(5);
    expect(states()).toEqual(['ns1 ready', 'ns2 placeholder']);
    source.findings.set('ns2', { kind: 'namespace', inode: 11 });
    await jest.advanceTimersByTimeAsync(10);
    expect(states()).toEqual(['ns1 ready', 'ns2 ready']);
  });

  it('looks each second at a placeholder for a minute: on a busy host the mount comes late', async () => {
    source.findings.set('ns2', { kind: 'placeholder' });
    source.notify('ns2');
    await jest.advanceTimersByTimeAsync(30_000);
    const read = jest.spyOn(source, 'read');
    await jest.advanceTimersByTimeAsync(1100);
    expect(read).toHaveBeenCalledWith('ns2');
  });

  it('stops looking at a file that stays a placeholder, but for the scans', async () => {
    source.findings.set('file', { kind: 'placeholder' });
    source.notify('file');
    await jest.advanceTimersByTimeAsync(65_000);
    const read = jest.spyOn(source, 'read');
    await jest.advanceTimersByTimeAsync(10_000);
    expect(read).not.toHaveBeenCalled();
    source.findings.set('file', { kind: 'namespace', inode: 12 });
    await jest.advanceTimersByTimeAsync(2500);
    expect(states()).toEqual(['file ready', 'ns1 ready']);
  });

  it('finds by its scans what nobody told of', async () => {
    source.findings.delete('ns1');
    await jest.advanceTimersByTimeAsync(2500);
    expect(states()).toEqual([]);
    expect(changes).toBe(2);
  });

  it('is made anew at least twice a minute, however long a scan takes', async () => {
    const now = jest.spyOn(performance, 'now');
    let scanned = 0;
    now.mockImplementation(() => source.scans * 1000 + (scanned += 1));
    await jest.advanceTimersByTimeAsync(2500);
    source.findings.delete('ns1');
    await jest.advanceTimersByTimeAsync(30_000);
    now.mockRestore();
    expect(states()).toEqual([]);
  });

  it('follows other names where one cannot be looked at', async () => {
    const read = source.read.bind(source);
    jest.spyOn(source, 'read').mockImplementation((name) => {
      if (name === 'bad') throw new Error('EIO');
      return read(name);
    });
    source.findings.set('ns2', { kind: 'namespace', inode: 11 });
    for (const name of ['bad', 'ns2']) source.notify(name);
    await jest.advanceTimersByTimeAsync(0);
    expect(states()).toEqual(['ns1 ready', 'ns2 ready']);
  });

  it('does not report a change where there is none', async () => {
    source.notify('ns1');
    await jest.advanceTimersByTimeAsync(10_000);
    expect(changes).toBe(1);
  });

  it('stands when the names cannot be read', async () => {
    source.fault = new Error('EIO');
    await jest.advanceTimersByTimeAsync(5000);
    expect(states()).toEqual(['ns1 ready']);
    expect(changes).toBe(1);
  });

  it('opens a namespace only while its name stands for what the table says', async () => {
    const held = resolver.hold('ns1');
    expect(held?.inode).toBe(10);
    held?.release();
    source.findings.set('ns1', { kind: 'namespace', inode: 20 });
    expect(resolver.hold('ns1')).toBeUndefined();
    expect(source.held).toBe(0);
    await jest.advanceTimersByTimeAsync(0);
    expect(resolver.entries()).toMatchObject([{ name: 'ns1', inode: 20 }]);
    expect(resolver.hold('ns1')?.inode).toBe(20);
  });
});
