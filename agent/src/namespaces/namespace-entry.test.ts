import { classify, type Finding } from './namespace-entry';

const namespace = (inode: number): Finding => ({ kind: 'namespace', inode });

describe('what a name stands for', () => {
  it('is the namespace for the first name in order, and for the others another name of it', () => {
    const findings = new Map([
      ['b', namespace(7)],
      ['c', namespace(8)],
      ['a', namespace(7)],
    ]);
    const entries = classify(findings, { initialInode: undefined, allowInitial: new Set() });
    expect(entries).toMatchObject([
      { name: 'a', state: 'ready', inode: 7 },
      { name: 'b', state: 'alias', inode: 7, of: 'a' },
      { name: 'c', state: 'ready', inode: 8 },
    ]);
  });

  it("is guarded when it is the host's initial namespace, unless that is allowed by this name", () => {
    const findings = new Map([
      ['host', namespace(1)],
      ['root', namespace(1)],
    ]);
    const entries = classify(findings, { initialInode: 1, allowInitial: new Set(['root']) });
    expect(entries).toMatchObject([
      { name: 'host', state: 'guarded' },
      { name: 'root', state: 'ready', inode: 1 },
    ]);
  });

  it('is nothing yet, or nothing at all, where no namespace was found', () => {
    const findings = new Map<string, Finding>([
      ['early', { kind: 'placeholder' }],
      ['odd', { kind: 'stray', detail: 'not a file' }],
    ]);
    expect(classify(findings, { initialInode: 1, allowInitial: new Set() })).toMatchObject([
      { name: 'early', state: 'placeholder' },
      { name: 'odd', state: 'stray', detail: 'not a file' },
    ]);
  });
});
