/** `nsgate-agent flush --yes`: lets go of every binding of this host. */
import { ConfigFault, type Config } from '../config/config';
import {
  KernelRefusal,
  KernelUnavailable,
  openKernelDevice,
  Setting,
  type CommitObject,
  type KernelDevice,
} from '../kernel-device';
import { demandAlone } from '../local-api/local-server';

const MAX_TRIES = 10;

/** Gives the status to exit with. Throws ConfigFault when it is not sure, or an agent runs that would put everything back. */
export async function flush(config: Config, isSure: boolean, print: (line: string) => void): Promise<number> {
  if (!isSure) throw new ConfigFault('flush lets go of every binding on this host: say so with --yes');
  await demandAlone(config.socket);
  try {
    const kernel = openKernelDevice(config.device);
    try {
      print(letGoOfAll(kernel));
      return 0;
    } finally {
      kernel.close();
    }
  } catch (error) {
    if (error instanceof KernelUnavailable || error instanceof KernelRefusal)
      throw new ConfigFault(error.message);
    throw error;
  }
}

/** A namespace may die between the look and the commit: then it is looked at again. Throws KernelRefusal. */
function letGoOfAll(kernel: KernelDevice): string {
  for (let tries = 1; ; tries++) {
    try {
      return letGo(kernel);
    } catch (error) {
      if (!(error instanceof KernelRefusal) || tries === MAX_TRIES) throw error;
    }
  }
}

/** In one commit: bindings, quarantines, the setting that would make new ones, and rulesets; then the sets that these named. */
function letGo(kernel: KernelDevice): string {
  const { namespaces, rulesets } = kernel.list();
  const bound = namespaces.filter(({ binding }) => binding !== undefined);
  const held = namespaces.filter(({ quarantined, binding }) => quarantined && binding === undefined);
  const objects: CommitObject[] = [
    ...bound.map(({ inode, birth }): CommitObject => ({ type: 'unbind', inode, birth })),
    ...held.map(({ inode, birth }): CommitObject => ({ type: 'release', inode, birth })),
    ...rulesets.map(({ digest }): CommitObject => ({ type: 'ruleset-drop', digest })),
  ];
  if (kernel.info().quarantine) objects.push({ type: 'setting', setting: Setting.QUARANTINE, value: 0n });
  if (objects.length > 0) kernel.commit(objects);
  const sets = kernel.list().sets.map(({ name }): CommitObject => ({ type: 'set-drop', name }));
  if (sets.length > 0) kernel.commit(sets);
  return `let go of ${bound.length} bindings, ${held.length} quarantines, ${rulesets.length} rulesets, ${sets.length} address sets`;
}
