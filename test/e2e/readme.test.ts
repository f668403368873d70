/** The README's operator guide: each block of commands runs as it is printed there. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { loadModule, unloadModule } from './harness/kernel-module';
import { Namespace } from './harness/namespace';
import { Site } from './harness/site';

const ROOT = resolve(__dirname, '../..');
const INVALID_ARGUMENT_OF_BUF_CURL = 3 << 3;
const KILLED_BY_TIMEOUT = 124;

/** The guide's blocks of shell, in order. */
function blocks(): string[] {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const guide = /## Operator's guide.*?(?=\n## )/s.exec(readme)?.[0] ?? '';
  return [...guide.matchAll(/```sh\n(.*?)```/gs)].map(([, block]) => block ?? '');
}

let site: Site;
let ns1: Namespace;
let folder: string;

beforeAll(async () => {
  loadModule();
  ns1 = Namespace.add('ns1', 21);
  site = await Site.start();
  folder = mkdtempSync(join(tmpdir(), 'nsgate-readme-'));
  symlinkSync(site.folder, join(folder, 'data'));
  symlinkSync(join(ROOT, 'test/e2e/harness/grpcurl.mjs'), join(folder, 'grpcurl'));
});
afterAll(async () => {
  await site.stop();
  ns1.delete();
  unloadModule();
  rmSync(folder, { recursive: true });
});

/** Runs a block in a folder like that in which `npm start` runs; a stream is cut after a while, as Ctrl-C would. */
function runBlock(block: string): { status: number | null; output: string } {
  const env = { ...process.env, PATH: `${folder}:${process.env.PATH ?? ''}` };
  const options = { cwd: folder, env, encoding: 'utf8' as const };
  const limit = block.includes('Stream') ? '15' : '120';
  const { status, stdout, stderr } = spawnSync('timeout', [limit, 'sh', '-eu', '-c', block], options);
  return { status, output: stdout + stderr };
}

describe("the README's operator guide", () => {
  it('has commands', () => expect(blocks().length).toBeGreaterThanOrEqual(11));

  const expectations: [what: string, status: number, output: RegExp][] = [
    ['lists services and describes a message', 0, /nsgate\.v1\.PolicyService[^]*nsgate\.v1/],
    [
      'stores a policy, reads it, sees where it stands',
      0,
      /policies\/no-telnet[^]*destinationPorts[^]*hosts\/demo-host/,
    ],
    ['waits until it is enforced', 0, /WAIT_OUTCOME_ENFORCED[^]*"revision"/],
    ['previews, changes and lists versions', 0, /"hosts\/demo-host"[^]*Telnet is gone for good[^]*audit 42/],
    ['keeps addresses in a set', 0, /"memberCount": "2"[^]*198\.51\.100\.0\/24[^]*"removedCount": "1"/],
    ['applies many changes as one', 0, /policies\/one[^]*policies\/two[^]*addressSets\/lab/],
    ['watches what it matches', KILLED_BY_TIMEOUT, /"snapshot": true/],
    ['sees hosts and their namespaces', 0, /hosts\/demo-host[^]*"ns1"/],
    ['removes the policy', 0, /^\{\}\s*$/],
    ['needs no certificate on the Unix socket', 0, /\{[^]*\}/],
    ['is told what is wrong', INVALID_ARGUMENT_OF_BUF_CURL, /policy\.rules\[0\]\.match\.sources\[0\]/],
  ];

  it.each(expectations.map((expectation, index) => [...expectation, index] as const))(
    '%s',
    (_what, status, output, index) => {
      const result = runBlock(blocks()[index] ?? '');
      expect(result.output).toMatch(output);
      expect(result.status).toBe(status);
    },
  );
});
