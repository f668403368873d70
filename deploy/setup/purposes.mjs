// What each purpose takes: Debian packages, and what has to be built from the checkout.

/**
 * @typedef {'start' | 'test' | 'vm' | 'bench' | 'fuzz' | 'kernels' | 'kernel-debug' | 'build'} Purpose
 *
 * @typedef {object} Requirements
 * @property {readonly string[]} debianPackages
 * @property {boolean} build whether the programs and the kernel module are built
 */

/** To install npm packages: better-sqlite3 is compiled on the spot. */
const forNpm = ['g++', 'make', 'python3'];
/** To build the kernel module. */
const forModule = ['gcc', 'kmod', 'linux-headers-amd64'];
/** To boot the virtual machine, and for the programs that run in it. */
const forMachine = [
  ...['qemu-system-x86', 'busybox-static', 'kmod', 'xz-utils', 'util-linux'],
  ...['iproute2', 'iputils-ping', 'procps'],
];
/** Other firewalls, to live beside and to compare with. */
const otherFirewalls = ['nftables', 'iptables'];
/** To fuzz the module's pure parts; llvm names the lines of a failure. */
const forFuzzing = ['clang', 'libclang-rt-dev', 'llvm', 'make', 'util-linux'];
/** To check the module's source. */
const forChecks = ['sparse', 'perl'];
/** To try the web page in a browser. */
const forWeb = ['chromium', 'fonts-dejavu-core'];
/** To have compilers of other suites run here. */
const forOtherKernels = ['patchelf', 'debian-archive-keyring'];
/** To build a kernel. */
const forKernelBuild = ['bc', 'bison', 'flex', 'libelf-dev', 'tar'];

/** @type {Readonly<Record<Purpose, Requirements>>} */
const requirements = {
  vm: { debianPackages: [...forNpm, ...forMachine], build: false },
  build: { debianPackages: [...forNpm, ...forModule], build: true },
  start: { debianPackages: [...forNpm, ...forModule, ...forMachine], build: true },
  bench: { debianPackages: [...forNpm, ...forModule, ...forMachine, ...otherFirewalls], build: true },
  fuzz: { debianPackages: [...forNpm, ...forFuzzing], build: false },
  kernels: {
    debianPackages: [...forNpm, ...forModule, ...forMachine, ...forChecks, ...forOtherKernels],
    build: false,
  },
  'kernel-debug': {
    debianPackages: [...forNpm, ...forModule, ...forMachine, ...forChecks, ...forKernelBuild],
    build: false,
  },
  test: {
    debianPackages: [
      ...[...forNpm, ...forModule, ...forMachine, ...otherFirewalls],
      ...[...forChecks, ...forFuzzing, ...forWeb],
    ],
    build: true,
  },
};

export const purposes = /** @type {readonly Purpose[]} */ (Object.keys(requirements));

/**
 * @param {Purpose} purpose
 * @returns {Requirements} with each package named once
 */
export function requirementsOf(purpose) {
  const { debianPackages, build } = requirements[purpose];
  return { debianPackages: [...new Set(debianPackages)], build };
}
