import { complaintsIn, sparseCommand } from './module-build';

describe('complaints in the output of a build', () => {
  it('are those of compiler, sparse and modpost about a file', () => {
    const complaints = [
      "/x/kmod/src/main.c:10:5: warning: unused variable 'a' [-Wunused-variable]",
      '/x/kmod/src/main.c:12: error: expected ;',
      './include/linux/list.h:80:2: error: Expected ) at end',
      'WARNING: modpost: missing MODULE_LICENSE()',
      'ERROR: modpost: "no_such_function" undefined!',
    ];
    expect(complaintsIn(['  CC [M]  src/main.o', ...complaints, 'make: Leaving'].join('\n'))).toEqual(
      complaints,
    );
  });

  it("are not kbuild's notes on its surroundings", () => {
    const notes = [
      'warning: the compiler differs from the one used to build the kernel',
      'warning: pahole version differs from the one used to build the kernel',
      'Skipping BTF generation for nsgate.ko due to unavailability of vmlinux',
    ];
    expect(complaintsIn(notes.join('\n'))).toEqual([]);
  });
});

describe('sparse', () => {
  it('is helped over the headers that are newer than its last release', () => {
    expect(sparseCommand('6.12.117+deb12-amd64')).toBe('sparse');
    expect(sparseCommand('7.3.4+deb13-amd64')).toContain('__typeof_unqual__');
  });
});
