import fc from 'fast-check';

import { ConsoleWatch, troubleIn, troublesInTaint } from './console-watch';

describe('what on the console is trouble', () => {
  it.each([
    ['panic', '[    4.848834] Kernel panic - not syncing: sysrq triggered crash'],
    ['WARNING', '[   12.000001] WARNING: CPU: 0 PID: 7 at kernel/x.c:9 f+0x1/0x2 [nsgate]'],
    ['BUG', '[   12.000001] BUG: kernel NULL pointer dereference, address: 0000000000000008'],
    ['BUG', '[   12.000001] kernel BUG at net/core/skbuff.c:100!'],
    ['BUG', '[   12.000001] watchdog: BUG: soft lockup - CPU#0 stuck for 61s! [sh:12]'],
    ['BUG', '[   12.000001] BUG: sleeping function called from invalid context at mm/slab.h:1'],
    ['oops', '[   12.000001] Oops: 0002 [#1] PREEMPT SMP NOPTI'],
    ['oops', '[   12.000001] general protection fault, probably for non-canonical address 0x1: 0000 [#1]'],
    ['KASAN', '[   12.000001] BUG: KASAN: use-after-free in nsg_match+0x1/0x2 [nsgate]'],
    ['RCU stall', '[   12.000001] rcu: INFO: rcu_preempt self-detected stall on CPU'],
    ['RCU stall', '[   12.000001] rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:'],
    ['lockdep', '[   12.000001] WARNING: possible circular locking dependency detected'],
    ['lockdep', '[   12.000001] WARNING: suspicious RCU usage'],
    ['hung task', '[  243.000001] INFO: task modprobe:77 blocked for more than 120 seconds.'],
    ['UBSAN', '[   12.000001] UBSAN: array-index-out-of-bounds in x.c:1:2'],
    ['slab corruption', '[   12.000001] list_del corruption. prev->next should be x, but was y'],
    [
      'leaked net device',
      '[   12.000001] unregister_netdevice: waiting for lo to become free. Usage count = 2',
    ],
    ['WARNING', '[   12.000001][  T77] WARNING: CPU: 0 PID: 77 at kernel/x.c:9'],
  ])('%s: %s', (kind, line) => {
    expect(troubleIn(line)?.kind).toBe(kind);
    expect(troubleIn(`${line}\r`)?.kind).toBe(kind);
  });

  it.each([
    '[    0.100000] ACPI: 1 ACPI AML tables successfully acquired and loaded',
    '[    0.200000] Spectre V2 : Mitigation: Retpolines',
    '[    3.000000] nsgate: loading out-of-tree module taints kernel.',
    '[    3.000000] traps: node[81] general protection fault ip:55 sp:7f error:0 in node',
    'nsgate-vm: init',
    '',
  ])('not: %s', (line) => {
    expect(troubleIn(line)).toBeUndefined();
  });
});

describe('watching the console', () => {
  const output = [
    ...Array.from({ length: 10 }, (_, index) => `[    1.00000${index}] before ${index}`),
    '[    2.000000] WARNING: CPU: 0 PID: 1 at x.c:1',
    '[    2.000001] Call Trace:',
    '[    2.000002]  f+0x1/0x2',
  ].join('\r\n');

  it('finds the same, however the output is cut into pieces', () => {
    const whole = new ConsoleWatch();
    whole.feed(`${output}\r\n`);
    fc.assert(
      fc.property(fc.array(fc.nat(output.length), { maxLength: 8 }), (cuts) => {
        const watch = new ConsoleWatch();
        const borders = [0, ...cuts.sort((a, b) => a - b), output.length];
        borders.slice(1).forEach((border, index) => watch.feed(output.slice(borders[index], border)));
        watch.feed('\r\n');
        expect(watch.troubles).toEqual(whole.troubles);
        expect(watch.excerpt()).toEqual(whole.excerpt());
      }),
    );
  });

  it('shows a trouble with what was printed before and after it', () => {
    const watch = new ConsoleWatch();
    watch.feed(`${output}\r\n`);
    expect(watch.excerpt()).toEqual([
      '[    1.000005] before 5',
      '[    1.000006] before 6',
      '[    1.000007] before 7',
      '[    1.000008] before 8',
      '[    1.000009] before 9',
      '[    2.000000] WARNING: CPU: 0 PID: 1 at x.c:1',
      '[    2.000001] Call Trace:',
      '[    2.000002]  f+0x1/0x2',
    ]);
  });

  it('shows lines between two close troubles once', () => {
    const watch = new ConsoleWatch();
    watch.feed('WARNING: one\nbetween\nWARNING: two\nafter\n');
    expect(watch.troubles.map(({ line }) => line)).toEqual(['WARNING: one', 'WARNING: two']);
    expect(watch.excerpt()).toEqual(['WARNING: one', 'between', 'WARNING: two', 'after']);
  });

  it('hands on every line to a follower', () => {
    const watch = new ConsoleWatch();
    const lines: string[] = [];
    watch.follow((line) => lines.push(line));
    watch.feed('one\r\ntw');
    watch.feed('o\nthree');
    expect(lines).toEqual(['one', 'two']);
  });
});

describe('the kernel’s taint flags', () => {
  it('tell of a warning and an oops that the console may not have shown', () => {
    expect(troublesInTaint((1 << 9) | (1 << 7)).map(({ kind }) => kind)).toEqual(['oops', 'WARNING']);
  });

  it('of an out-of-tree, unsigned module are no trouble', () => {
    expect(troublesInTaint((1 << 12) | (1 << 13))).toEqual([]);
  });
});
