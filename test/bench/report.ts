// The results of the benchmark as a table, as JSON and as a page of documentation.
import Table from 'cli-table3';

import type { Report, Subject } from './measurement';
import type { Family } from './ruleset-generator';

type Row = Omit<Extract<Report, { kind: 'row' }>, 'kind'>;

/** The results in the form in which they are kept. */
export interface Results {
  readonly kernel: string;
  /** Instructions per packet in all with the bare hook alone. */
  readonly bare: number;
  readonly rows: readonly (Row & { readonly ip: 4 })[];
  readonly commit: readonly {
    readonly subject: Subject;
    readonly family: Family;
    readonly rules: number;
    readonly instructions: number;
  }[];
  readonly memory: readonly { readonly family: Family; readonly rules: number; readonly bytes: number }[];
}

/** Puts the guest's reports together. */
export function collectResults(reports: readonly Report[]): Results {
  const of = <Kind extends Report['kind']>(kind: Kind): Extract<Report, { kind: Kind }>[] =>
    reports.filter((report): report is Extract<Report, { kind: Kind }> => report.kind === kind);
  return {
    kernel: of('kernel')[0]?.release ?? '',
    bare: of('bare')[0]?.instructions ?? NaN,
    rows: of('row').map(({ subject, family, rules, held, hits, packets, instructions }) => {
      return { subject, family, ip: 4, rules, held, hits, packets, instructions };
    }),
    commit: of('commit').map(({ family, rules, instructions }) => ({
      subject: 'nsgate',
      family,
      rules,
      instructions,
    })),
    memory: of('memory').map(({ family, rules, bytes }) => ({ family, rules, bytes })),
  };
}

interface Cells {
  readonly head: readonly string[];
  readonly lines: readonly (readonly string[])[];
}

function grouped(value: number): string {
  return value.toLocaleString('en-US');
}

function signed(value: number): string {
  return value < 0 ? `−${grouped(-value)}` : `+${grouped(value)}`;
}

function distinct<Value>(values: readonly Value[]): Value[] {
  return [...new Set(values)];
}

/** One line per kind of ruleset and subject, one column per size. */
function packetCells({ rows }: Results): Cells {
  const sizes = distinct(rows.map(({ rules }) => rules));
  const lines = distinct(rows.map(({ family, subject }) => `${family}/${subject}`)).map((line) => {
    const [family = '', subject = ''] = line.split('/');
    const costs = sizes.map((size) => {
      const row = rows.find(
        (each) => each.family === family && each.subject === subject && each.rules === size,
      );
      if (!row) return '–';
      const share = row.held === row.rules ? '' : ` (${grouped(row.held)} held)`;
      return `${signed(row.instructions)}${share}`;
    });
    return [family, subject, ...costs];
  });
  return { head: ['family', 'subject', ...sizes.map((size) => `${grouped(size)} rules`)], lines };
}

function moduleCells({ commit, memory }: Results): Cells {
  const lines = commit.map(({ family, rules, instructions }) => {
    const bytes = memory.find((each) => each.family === family && each.rules === rules)?.bytes;
    return [family, grouped(rules), grouped(instructions), bytes === undefined ? '–' : grouped(bytes)];
  });
  return { head: ['family', 'rules', 'instructions to commit', 'bytes in the kernel'], lines };
}

function asTable({ head, lines }: Cells): string {
  const colAligns = head.map((_, column) => (column < 2 ? 'left' : 'right'));
  const table = new Table({ head: [...head], colAligns, style: { head: [], border: [], compact: true } });
  table.push(...lines.map((line) => [...line]));
  return table.toString();
}

function asMarkdown({ head, lines }: Cells): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`;
  const rule = head.map((_, column) => (column < 2 ? '---' : '---:'));
  return [head, rule, ...lines].map(line).join('');
}

/** The results for a terminal. */
export function terminalReport(results: Results): string {
  const title = `Instructions per packet above a bare drop hook (${grouped(results.bare)} in all), Linux ${results.kernel}`;
  const commits = results.commit.length === 0 ? '' : `\nnsgate\n${asTable(moduleCells(results))}\n`;
  return `${title}\n${asTable(packetCells(results))}\n${commits}`;
}

/** The results as a page of documentation. */
export function markdownReport(results: Results): string {
  return `<!-- Written by \`npm run bench:packet -- --markdown docs/design/benchmarks.md\`; edit test/bench/report.ts instead. -->
# What a packet costs

Instructions that a packet costs above a bare drop hook, on Linux ${results.kernel} with one processor. qemu counts them
(\`-icount shift=0\`): figures do not depend on the machine that measures, and repeat to about one instruction. Caches and
mispredicted branches are not in them.

Every packet goes through a veth pair into a network namespace, past the subject's rules at PREROUTING, and is dropped
there by the bare hook behind them; without rules that takes ${grouped(results.bare)} instructions in all. Of the 64 packets that are
sent in turn, half are meant for one of the rules and half for none. All rules accept, so all packets travel the same way.
The rulesets are generated in the likeness of access lists (acl), firewalls (fw) and IP chains (ipc), with five fields:
source and destination prefix, protocol, and two port ranges.

- **nsgate**: the kernel module, one ruleset bound to the namespace.
- **nft-linear**: one nftables rule for each.
- **nft-set**: all in one concatenated interval set of nftables. Such a set has no priorities and refuses elements that
  overlap in certain ways, so it holds only as many rules as the table says.
- **iptables**: iptables-legacy, the raw table.
- **unmanaged**: the module is loaded and filters another namespace; this one must not pay for that.

${asMarkdown(packetCells(results))}
## Taking a ruleset in

What one write() to \`/dev/nsgate\` costs that puts a ruleset and binds it, and what the module then holds for it.

${asMarkdown(moduleCells(results))}`;
}
