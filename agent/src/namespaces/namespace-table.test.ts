import fc from 'fast-check';
import {
  canStandFor,
  compareNames,
  entryOf,
  type ClassifyOptions,
  type Finding,
  type NamespaceEntry,
} from './namespace-entry';
import { NamespaceTable } from './namespace-table';

const namespace = (inode: number): Finding => ({ kind: 'namespace', inode });

/** In order of name. */
function entries(table: NamespaceTable): NamespaceEntry[] {
  return [...table.entries.values()].sort((a, b) => compareNames(a.name, b.name));
}

function tableOf(findings: Record<string, Finding>, options: Partial<ClassifyOptions> = {}): NamespaceTable {
  const table = new NamespaceTable();
  table.replace(new Map(Object.entries(findings)), {
    initialInode: undefined,
    allowInitial: new Set(),
    ...options,
  });
  return table;
}

describe('what a name stands for', () => {
  it('is the namespace for the first name in order, and for the others another name of it', () => {
    expect(entries(tableOf({ b: namespace(7), c: namespace(8), a: namespace(7) }))).toMatchObject([
      { name: 'a', state: 'ready', inode: 7 },
      { name: 'b', state: 'alias', inode: 7, of: 'a' },
      { name: 'c', state: 'ready', inode: 8 },
    ]);
  });

  it('is the namespace for a name of the folder before one of a process', () => {
    expect(entries(tableOf({ 'pid:1': namespace(7), web: namespace(7) }))).toMatchObject([
      { name: 'web', state: 'ready' },
      { name: 'pid:1', state: 'alias', of: 'web' },
    ]);
  });

  it("is guarded when it is the host's initial namespace, unless that is allowed by this name", () => {
    const table = tableOf(
      { host: namespace(1), root: namespace(1) },
      { initialInode: 1, allowInitial: new Set(['root']) },
    );
    expect(entries(table)).toMatchObject([
      { name: 'host', state: 'guarded' },
      { name: 'root', state: 'ready', inode: 1, initial: true },
    ]);
  });

  it('is nothing yet, nothing at all, or not to be known, where no namespace was found', () => {
    const table = tableOf({
      early: { kind: 'placeholder' },
      odd: { kind: 'stray', detail: 'not a file' },
      under: { kind: 'shadowed', inode: 9, detail: 'another mount' },
    });
    expect(entries(table)).toMatchObject([
      { name: 'early', state: 'placeholder' },
      { name: 'odd', state: 'stray', detail: 'not a file' },
      { name: 'under', state: 'shadowed', detail: 'another mount' },
    ]);
  });

  it('goes to the next name when the first one goes', () => {
    const table = tableOf({ a: namespace(7), b: namespace(7) });
    const options = { initialInode: undefined, allowInitial: new Set<string>() };
    expect(table.change('a', undefined, options).sort()).toEqual(['a', 'b']);
    expect(entries(table)).toEqual([{ name: 'b', state: 'ready', inode: 7 }]);
  });
});

describe('the table of names', () => {
  const name = fc.constantFrom('a', 'b', 'c', 'root', 'pid:1', 'pid:22');
  const finding = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(1, 7, 8).map(namespace) },
    { weight: 1, arbitrary: fc.constant<Finding>({ kind: 'placeholder' }) },
    { weight: 1, arbitrary: fc.constant<Finding>({ kind: 'shadowed', inode: 7, detail: 'hidden' }) },
  );
  const options: ClassifyOptions = { initialInode: 1, allowInitial: new Set(['root']) };

  /** Each name by itself, with all others at hand. */
  function expected(findings: Map<string, Finding>): NamespaceEntry[] {
    const ordered = [...findings].sort(([a], [b]) => compareNames(a, b));
    return ordered.map(([one, found]) => {
      const [of] =
        ordered.find(
          ([other, at]) =>
            canStandFor(other, at, options) &&
            found.kind === 'namespace' &&
            at.kind === 'namespace' &&
            at.inode === found.inode,
        ) ?? [];
      return entryOf(one, found, of, options);
    });
  }

  it('is the same whatever the order in which names came and went, one by one or all at once', () => {
    const step = fc.tuple(name, fc.option(finding, { nil: undefined }));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        const table = new NamespaceTable();
        const findings = new Map<string, Finding>();
        for (const [one, found] of steps) {
          const before = new Map(table.entries);
          if (found === undefined) findings.delete(one);
          else findings.set(one, found);
          const changed = table.change(one, found, options);
          const differing = [...new Set([...before.keys(), ...table.entries.keys()])].filter(
            (key) => JSON.stringify(before.get(key)) !== JSON.stringify(table.entries.get(key)),
          );
          expect(changed.sort()).toEqual(differing.sort());
        }
        expect(entries(table)).toEqual(expected(findings));
        const atOnce = new NamespaceTable();
        atOnce.replace(findings, options);
        expect(entries(atOnce)).toEqual(entries(table));
        expect(table.replace(findings, options)).toEqual([]);
      }),
    );
  });
});
