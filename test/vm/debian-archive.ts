// Downloads Debian packages by apt without touching the host's own package state and without root:
// with the host's lists where these have the package, else with sources, lists and cache of our own.
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { findProgram, runProgram } from './host-program';
import type { Suite } from './kernel-line';
import { VmError } from './vm-error';

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
const defaultMirrors = {
  main: 'http://deb.debian.org/debian',
  security: 'http://deb.debian.org/debian-security',
};

/** A package of one version, as the archive names it. */
export interface DebianPackage {
  readonly name: string;
  readonly version: string;
}

/** The mirrors that the host itself uses, which may be nearer than Debian's. */
async function mirrors(): Promise<typeof defaultMirrors> {
  const targets = await runProgram('apt-get', [
    'indextargets',
    '--format',
    '$(REPO_URI)',
    'Created-By: Packages',
  ]);
  const addresses = targets.split('\n').map((address) => address.replace(/\/$/, ''));
  return {
    main: addresses.find((address) => address.endsWith('/debian')) ?? defaultMirrors.main,
    security: addresses.find((address) => address.endsWith('/debian-security')) ?? defaultMirrors.security,
  };
}

function configuration(folder: string): string {
  return [
    `Dir::Etc::SourceList "${folder}/sources.list";`,
    'Dir::Etc::SourceParts "/dev/null";',
    `Dir::State "${folder}/state";`,
    'Dir::State::Status "/var/lib/dpkg/status";',
    `Dir::Cache "${folder}/cache";`,
    'Acquire::Languages "none";',
    'Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";',
    'APT::Architecture "amd64";',
    'APT::Architectures { "amd64"; };',
    'APT::Sandbox::User "root";',
    // Hooks of the host's configuration clean or index the host's own folders.
    '#clear APT::Update::Pre-Invoke;',
    '#clear APT::Update::Post-Invoke;',
    '#clear APT::Update::Post-Invoke-Success;',
    '',
  ].join('\n');
}

/** Packages as one apt configuration sees them. */
export class DebianArchive {
  readonly #options: readonly string[];

  private constructor(options: readonly string[]) {
    this.#options = options;
  }

  /** The archive by the host's own sources and lists, as old as they are. */
  static ofHost(): DebianArchive {
    findProgram('apt-get', 'apt');
    return new DebianArchive(['-o', 'APT::Sandbox::User=root']);
  }

  /** The archive by fresh lists of `suites`, all of whose state is kept in `folder`. */
  static async ofSuites(suites: readonly Suite[], folder: string): Promise<DebianArchive> {
    findProgram('apt-get', 'apt');
    const uris = await mirrors();
    const sources = suites
      .flatMap(({ archive, name, base }) => [
        { archive, name },
        ...(base === undefined ? [] : [{ archive, name: base }]),
      ])
      .map(({ archive, name }) => `deb [signed-by=${keyring}] ${uris[archive]} ${name} main\n`);
    await mkdir(join(folder, 'state/lists/partial'), { recursive: true });
    await mkdir(join(folder, 'cache/archives/partial'), { recursive: true });
    await writeFile(join(folder, 'sources.list'), sources.join(''));
    await writeFile(join(folder, 'apt.conf'), configuration(folder));
    const options = ['-c', join(folder, 'apt.conf')];
    await runProgram('apt-get', [...options, '-q', 'update', '--error-on=any']);
    return new DebianArchive(options);
  }

  /** Names of the packages that match a POSIX regular expression. */
  async names(pattern: string): Promise<string[]> {
    const found = await runProgram('apt-cache', [...this.#options, 'search', '--names-only', pattern]);
    return found.split('\n').flatMap((line) => /^(\S+) - /.exec(line)?.[1] ?? []);
  }

  /** The newest version of the package `name`. */
  async newest(name: string): Promise<DebianPackage> {
    const records = await runProgram('apt-cache', [...this.#options, 'show', '--no-all-versions', name]);
    const version = /^Version: (.+)$/m.exec(records)?.[1];
    if (version === undefined) throw new VmError(`apt knows no version of the package ${name}`);
    return { name, version };
  }

  /** Names of the packages that the newest version of `name` depends on, first alternatives only. */
  async dependencies(name: string): Promise<string[]> {
    const records = await runProgram('apt-cache', [...this.#options, 'show', '--no-all-versions', name]);
    const depends = /^Depends: (.+)$/m.exec(records)?.[1] ?? '';
    return depends.split(', ').flatMap((dependency) => /^[^\s:|(]+/.exec(dependency)?.[0] ?? []);
  }

  /** Downloads a package and unpacks it into `folder`, running none of its scripts. */
  async unpack({ name, version }: DebianPackage, folder: string): Promise<void> {
    const downloads = join(folder, '.download');
    await mkdir(downloads);
    await runProgram('apt-get', [...this.#options, '-q', 'download', `${name}=${version}`], {
      cwd: downloads,
    });
    const [file] = await readdir(downloads);
    if (file === undefined) throw new VmError(`apt-get downloaded nothing for ${name}=${version}`);
    await runProgram('dpkg-deb', ['-x', join(downloads, file), folder]);
    await runProgram('rm', ['-r', downloads]);
  }

  /** Unpacks a package with all that it depends on, down to the C library, as if nothing were installed here. */
  async unpackWithDependencies({ name, version }: DebianPackage, folder: string): Promise<void> {
    const downloads = join(folder, '.download');
    await mkdir(join(downloads, 'partial'), { recursive: true });
    await writeFile(join(downloads, 'status'), '');
    const alone = [
      ...[
        '-o',
        `Dir::State::Status=${join(downloads, 'status')}`,
        '-o',
        `Dir::Cache::Archives=${downloads}/`,
      ],
      ...['-o', 'Debug::NoLocking=true', '--no-install-recommends', '--download-only'],
    ];
    await runProgram('apt-get', [...this.#options, ...alone, '-q', '-y', 'install', `${name}=${version}`]);
    const packages = (await readdir(downloads)).filter((file) => file.endsWith('.deb'));
    if (packages.length === 0) throw new VmError(`apt-get downloaded nothing for ${name}=${version}`);
    for (const file of packages) await runProgram('dpkg-deb', ['-x', join(downloads, file), folder]);
    await runProgram('rm', ['-r', downloads]);
  }
}
