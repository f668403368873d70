// Finds in the kernel's console output what must fail a run: panics, oopses, warnings, stalls and sanitizer reports.

/** One report of the kernel about itself. */
export interface KernelTrouble {
  /** What kind of report it is, e.g. `WARNING`. */
  readonly kind: string;
  /** The console line that gave it away, without time stamp. */
  readonly line: string;
}

interface TroublePattern {
  readonly kind: string;
  readonly pattern: RegExp;
}

// Matched against a message without its `[   12.345678]` stamp. Sources: kernel/panic.c, lib/bug.c, arch/x86/mm/fault.c,
// arch/x86/kernel/traps.c, kernel/rcu/tree_stall.h, kernel/watchdog.c, kernel/hung_task.c, kernel/locking/lockdep.c,
// mm/kasan/report.c, lib/ubsan.c, lib/debugobjects.c, net/core/dev.c.
const patterns: readonly TroublePattern[] = [
  { kind: 'panic', pattern: /^Kernel panic - not syncing/ },
  { kind: 'KASAN', pattern: /^BUG: K[AC]SAN:|^BUG: KFENCE:/ },
  { kind: 'BUG', pattern: /^(?:kernel )?BUG(?: at |: )|^watchdog: BUG:/ },
  {
    kind: 'oops',
    pattern:
      /^Oops: |^(?:invalid opcode|divide error|general protection fault|stack segment|int3)\b.*:|^Unable to handle kernel/,
  },
  {
    kind: 'lockdep',
    pattern:
      /^WARNING: (?:possible|suspicious|inconsistent|bad unlock|lock held|Nested lock)|^DEBUG_LOCKS_WARN_ON/,
  },
  { kind: 'WARNING', pattern: /^WARNING: / },
  { kind: 'RCU stall', pattern: /rcu.*detected (?:expedited )?stalls?\b|rcu.*self-detected stall/ },
  { kind: 'hung task', pattern: /^INFO: task .+ blocked for more than/ },
  { kind: 'UBSAN', pattern: /^UBSAN: / },
  { kind: 'debug object', pattern: /^ODEBUG: / },
  { kind: 'slab corruption', pattern: /^(?:Slab corruption|list_(?:add|del) corruption|refcount_t: )/ },
  { kind: 'leaked net device', pattern: /^unregister_netdevice: waiting for/ },
];

/** The message of a console line: carriage return, `<level>`, time stamp and caller id taken off. */
function messageOf(line: string): string {
  return line.replace(/\r$/, '').replace(/^(?:<\d+>)?(?:\[\s*\d+\.\d+\](?:\[\s*[TC]\d+\])?\s)?/, '');
}

/** What `line` of the console reports, or undefined if it is ordinary. */
export function troubleIn(line: string): KernelTrouble | undefined {
  const message = messageOf(line);
  const found = patterns.find(({ pattern }) => pattern.test(message));
  return found && { kind: found.kind, line: message };
}

const linesBefore = 5;
const linesAfter = 60;
const linesKept = 2000;

/** Reads console output piece by piece, keeps its last lines and every trouble found in it. */
export class ConsoleWatch {
  readonly troubles: KernelTrouble[] = [];
  readonly #lines: string[] = [];
  #partialLine = '';
  #excerpt: string[] = [];
  #excerptLinesLeft = 0;
  #follower: ((line: string) => void) | undefined;

  /** Has `follower` told of each line from now on. */
  follow(follower: (line: string) => void): void {
    this.#follower = follower;
  }

  /** Takes the next piece of console output; pieces may end anywhere. */
  feed(text: string): void {
    const lines = (this.#partialLine + text).split('\n');
    this.#partialLine = lines.pop() ?? '';
    for (const line of lines) this.#take(line.replace(/\r$/, ''));
  }

  /** Whether the console has printed a line that contains `text` among those still kept. */
  hasPrinted(text: string): boolean {
    return this.#lines.some((line) => line.includes(text)) || this.#partialLine.includes(text);
  }

  /** The last `count` lines of the console. */
  tail(count: number): string[] {
    const all = this.#partialLine === '' ? this.#lines : [...this.#lines, this.#partialLine];
    return all.slice(-count);
  }

  /** Every trouble's lines with some context around them, in order. */
  excerpt(): readonly string[] {
    return this.#excerpt;
  }

  #take(line: string): void {
    const trouble = troubleIn(line);
    if (trouble) this.#openExcerpt(trouble);
    this.#follower?.(line);
    this.#lines.push(line);
    if (this.#lines.length > linesKept) this.#lines.shift();
    if (this.#excerptLinesLeft === 0) return;
    this.#excerpt.push(line);
    this.#excerptLinesLeft -= 1;
  }

  #openExcerpt(trouble: KernelTrouble): void {
    this.troubles.push(trouble);
    if (this.#excerptLinesLeft === 0) this.#excerpt.push(...this.#lines.slice(-linesBefore));
    this.#excerptLinesLeft = linesAfter;
  }
}

const taintTroubles: readonly (readonly [bit: number, kind: string])[] = [
  [4, 'machine check'],
  [5, 'bad page'],
  [7, 'oops'],
  [9, 'WARNING'],
  [14, 'soft lockup'],
];

/** Troubles that the kernel's taint flags admit to, for when the console was silenced (e.g. by `dmesg -n 1`). */
export function troublesInTaint(taint: number): KernelTrouble[] {
  return taintTroubles
    .filter(([bit]) => (taint & (1 << bit)) !== 0)
    .map(([bit, kind]) => ({ kind, line: `taint flag ${bit} is set in /proc/sys/kernel/tainted` }));
}
