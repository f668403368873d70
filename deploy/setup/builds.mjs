// What is built from the checkout: the programs and the kernel module.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { run } from './command.mjs';
import { checkout } from './places.mjs';
import { buildFresh, isStale } from './staleness.mjs';

/** @type {import('./staleness.mjs').Artifact} */
const programs = {
  name: 'programs',
  sources: [
    ...['tsconfig.base.json', 'tsconfig.build.json', 'package-lock.json'],
    ...['proto', 'controller', 'agent'].flatMap((part) => [`${part}/src`, `${part}/tsconfig.json`]),
    ...[
      'proto/gen',
      'proto/nsgate',
      'proto/google',
      'controller/cli',
      'controller/web',
      'controller/build-web.mjs',
    ],
  ],
  results: [
    'proto/dist/nsgate.binpb',
    'proto/dist/health.binpb',
    'controller/dist/src',
    'controller/dist/web',
    'agent/dist',
  ],
};

/** @param {string} folder */
function namesIn(folder) {
  return existsSync(folder) ? readdirSync(folder).filter((name) => !name.startsWith('.')) : [];
}

/** @type {import('./staleness.mjs').Artifact} */
const kernelModule = {
  name: 'kernel-module',
  sources: ['Kbuild', 'Makefile', 'src', 'compat', 'uapi'].map((part) => `kmod/${part}`),
  results: ['kmod/nsgate.ko'],
  // Another kernel to boot, or other headers installed, may call for another build.
  circumstances: () => {
    const cache = process.env.NSGATE_CACHE ?? join(checkout, '.cache');
    return [...namesIn(join(cache, 'vm/kernels')), ...namesIn('/usr/src')].join(' ');
  },
};

async function buildModule() {
  const printHeaders = 'test/vm/print-kernel-headers.ts';
  const headers = await run([process.execPath, '--import', 'tsx', printHeaders], {
    remedy: "check that Debian's archive can be reached",
  });
  await run(['make', '-C', 'kmod', `KDIR=${headers.trim()}`], { remedy: 'see the errors above' });
}

/**
 * @param {string} what
 * @param {import('./staleness.mjs').Artifact} artifact
 * @param {() => Promise<unknown>} build
 * @returns {import('./set-up.mjs').Step}
 */
function buildStep(what, artifact, build) {
  return {
    plan: () => (isStale(artifact) ? { what, run: () => buildFresh(artifact, build) } : undefined),
  };
}

/** @type {readonly import('./set-up.mjs').Step[]} */
export const builds = [
  buildStep('building the programs', programs, () =>
    run(['npm', 'run', 'build'], { remedy: 'see the errors above' }),
  ),
  buildStep('building the kernel module', kernelModule, buildModule),
];
