// The results of the benchmark as a table, as JSON and as a page of documentation.
import Table from 'cli-table3';

import { barredRows } from './bars';
import { manyHitsText } from './hits-text';
import type { Case, Commit, Memory, Report, Row, Subject } from './measurement';
import type { Ip } from './rule';
import type { Family } from './ruleset-generator';

/** The results of a run. */
export interface Results {
  readonly kernel: string;
  /** Instructions per packet in all with the bare hook alone, by version of IP. */
  readonly bare: readonly { readonly ip: Ip; readonly instructions: number }[];
  readonly rows: readonly Row[];
  readonly commits: readonly Commit[];
  readonly memory: readonly Memory[];
}

/** Puts the guest's reports together. */
export function collectResults(reports: readonly Report[]): Results {
  const of = <Kind extends Report['kind']>(kind: Kind): Extract<Report, { kind: Kind }>[] =>
    reports.filter((report): report is Extract<Report, { kind: Kind }> => report.kind === kind);
  return {
    kernel: of('kernel')[0]?.release ?? '',
    bare: of('bare'),
    rows: of('row'),
    commits: of('commit'),
    memory: of('memory'),
  };
}

/** nsgate's commit of a ruleset beside that of the same rules to a set of nftables. */
interface CommitPair {
  readonly nsgate: Commit;
  readonly set: Commit;
  readonly ratio: number;
}

function isSameCase(a: Case, b: Case): boolean {
  return a.family === b.family && a.ip === b.ip && a.rules === b.rules;
}

function commitPairs({ commits }: Results): CommitPair[] {
  const of = (subject: Subject): Commit[] => commits.filter((commit) => commit.subject === subject);
  return of('nsgate').flatMap((nsgate) => {
    const set = of('nft-set').find((other) => isSameCase(nsgate, other));
    return set ? [{ nsgate, set, ratio: set.instructions / nsgate.instructions }] : [];
  });
}

function distinct<Value>(values: readonly Value[]): Value[] {
  return [...new Set(values)];
}

/** Of each size, the pair that speaks least for nsgate; where nftables was not measured, nsgate's dearest commit. */
function leastFavourableCommits(results: Results): Commit[] {
  const pairs = commitPairs(results);
  return distinct(results.commits.map(({ rules }) => rules)).flatMap((size) => {
    const [pair] = pairs.filter(({ nsgate }) => nsgate.rules === size).sort((a, b) => a.ratio - b.ratio);
    if (pair) return [pair.nsgate, pair.set];
    const ofSize = results.commits.filter(({ rules }) => rules === size);
    return ofSize.sort((a, b) => b.instructions - a.instructions).slice(0, 1);
  });
}

/** Of each kind and size of ruleset, the larger of its versions. */
function largestMemory({ memory }: Results): Memory[] {
  return memory.filter(
    (each) =>
      !memory.some(
        (other) =>
          other.family === each.family &&
          other.rules === each.rules &&
          (other.bytes > each.bytes || (other.bytes === each.bytes && other.ip < each.ip)),
      ),
  );
}

function ofFamilies(results: Results, families: readonly Family[]): Results {
  const isOne = ({ family }: Case): boolean => families.includes(family);
  const { rows, commits, memory } = results;
  return {
    ...results,
    rows: rows.filter(isOne),
    commits: commits.filter(isOne),
    memory: memory.filter(isOne),
  };
}

/** The results of the families in the form in which they are kept. */
export function jsonReport(all: Results, families: readonly Family[]): string {
  const results = ofFamilies(all, families);
  const { kernel, rows } = results;
  const content = {
    kernel,
    rows: rows.map(({ subject, family, ip, rules, instructions }) => ({
      subject,
      family,
      ip,
      rules,
      instructions,
    })),
    commit: leastFavourableCommits(results).map(({ subject, rules, instructions }) => ({
      subject,
      rules,
      instructions,
    })),
    memory: largestMemory(results).map(({ family, rules, bytes }) => ({ family, rules, bytes })),
  };
  return `${JSON.stringify(content, undefined, 2)}\n`;
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

/** One line per kind of ruleset and subject, one column per size. */
function packetCells({ rows }: Results, ip: Ip): Cells {
  const ofIp = rows.filter((row) => row.ip === ip);
  const sizes = distinct(ofIp.map(({ rules }) => rules));
  const lines = distinct(ofIp.map(({ family, subject }) => `${family}/${subject}`)).map((line) => {
    const [family = '', subject = ''] = line.split('/');
    const costs = sizes.map((size) => {
      const row = ofIp.find(
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

function moduleCells({ commits, memory }: Results): Cells {
  const lines = memory.map((held) => {
    const of = (subject: Subject): Commit | undefined =>
      commits.find((commit) => commit.subject === subject && isSameCase(commit, held));
    const nsgate = of('nsgate')?.instructions ?? NaN;
    const set = of('nft-set')?.instructions;
    const comparison = set === undefined ? ['–', '–'] : [grouped(set), `${Math.round(set / nsgate)}`];
    const { family, ip, rules, bytes } = held;
    return [family, `IPv${ip}`, grouped(rules), grouped(nsgate), ...comparison, grouped(bytes)];
  });
  const head = ['family', 'IP', 'rules', 'nsgate commits', 'nft -f of a set', 'times', 'bytes in the kernel'];
  return { head, lines };
}

/** A line for each bar, with the worst that was measured. */
function barCells({ rows }: Results): Cells {
  const lines = barredRows(rows).map(({ row: { ip, rules, family, instructions }, bar }) => {
    const isHeld = instructions <= bar;
    return [`IPv${ip}`, grouped(rules), signed(instructions), family, signed(bar), isHeld ? 'yes' : 'no'];
  });
  return { head: ['IP', 'rules', 'nsgate at worst', 'family', 'at most', 'holds'], lines };
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
  const packets = results.bare.map(({ ip, instructions }) => {
    const title = `IPv${ip}: instructions per packet above a bare drop hook (${grouped(instructions)} in all)`;
    return `${title}\n${asTable(packetCells(results, ip))}\n`;
  });
  const module = results.memory.length === 0 ? [] : [asTable(moduleCells(results))];
  return [`Linux ${results.kernel}`, ...packets, ...module].join('\n');
}

function barsSection(results: Results): string {
  const cells = barCells(results);
  if (cells.lines.length === 0) return '';
  return `## What nsgate may cost

Instructions per packet above the bare hook, for the likely kind of ruleset (acl, fw, ipc) that is worst for nsgate, beside the
most that they may be.

${asMarkdown(cells)}
`;
}

/** What there is to know of a page beside the results. */
export interface PageOptions {
  /** The file of the chart, which stands beside the page. */
  readonly chart: string;
  /** How many distinct packets were sent at each ruleset. */
  readonly packets: number;
}

/** The results as a page of documentation. */
export function markdownReport(results: Results, { chart, packets }: PageOptions): string {
  const hits = manyHitsText(results.rows, packets);
  const tables = results.bare.map(({ ip, instructions }) => {
    const title = `## IPv${ip}: instructions per packet above the bare hook`;
    const bare = `The bare hook alone: ${grouped(instructions)} instructions in all.`;
    return `${title}\n\n${bare}\n\n${asMarkdown(packetCells(results, ip))}\n`;
  });
  return `<!-- Written by \`npm run bench:packet -- --markdown docs/design/benchmarks.md\`; edit test/bench/report.ts instead. -->
# What a packet costs

Instructions that a packet costs above a bare drop hook, on Linux ${results.kernel} with one processor. qemu counts them
(\`-icount shift=0\`): figures do not depend on the machine that measures, and repeat to about one instruction. Caches and
mispredicted branches are not in them; \`npm run bench:flows\` compares those. Where nsgate's instructions go stands in
[engine.md](engine.md).

![Instructions per packet by number of rules](${chart})

Every packet goes through a veth pair into a network namespace, past the subject's rules at PREROUTING, and is dropped
there by the bare hook behind them. Of the ${packets} packets that are sent in turn, half are meant for one of the rules and half
for none. All rules accept, so all packets travel the same way. The rulesets are generated in the likeness of access
lists (acl), firewalls (fw) and IP chains (ipc), with five fields: source and destination prefix, protocol, and two port
ranges. IPv6 has the same rules with longer prefixes. Rulesets that are made to be hard are measured for nsgate alone:
nothing but wildcards (wild), port ranges that all overlap (overlap), prefixes within prefixes (nested), and one rule
for each port (ports).
${hits === '' ? '' : `${hits}\n`}
- **nsgate**: the kernel module, one ruleset bound to the namespace.
- **nft-linear**: one nftables rule for each.
- **nft-set**: all in one concatenated interval set of nftables. Such a set has no priorities and refuses elements that
  overlap in certain ways, so it holds only as many rules as the table says.
- **iptables**: iptables-legacy or ip6tables-legacy, the raw table.
- **unmanaged**: the module is loaded and filters another namespace; this one must not pay for that. It is measured with
  the largest ruleset only.

${tables.join('\n')}
${barsSection(results)}## Taking a ruleset in

Instructions that it takes to put a ruleset in force: nsgate's one write() to \`/dev/nsgate\`, which puts a ruleset and
binds it, beside \`nft -f\` of the concatenated set, as far as that holds the rules; how many times more that is; and what
the module then holds for the ruleset.

${asMarkdown(moduleCells(results))}`;
}
