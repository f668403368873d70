/** What a pass changed in the kernel, told: a line for each namespace, with its inode, digest and how long it took. */
import type { Logger } from 'pino';
import type { HostEvents } from '../host-events/host-events';
import type { CommitObject } from '../kernel-device';

export interface Applied {
  objects: readonly CommitObject[];
  /** By inode. */
  names: ReadonlyMap<number | undefined, string>;
  durationMs: number;
}

export function tellApplied({ objects, names, durationMs }: Applied, log: Logger, events: HostEvents): void {
  for (const object of objects) {
    if (!('inode' in object)) {
      log.debug(describe(object), object.type);
      continue;
    }
    const { type, inode } = object;
    const namespace = names.get(inode);
    const digest = object.type === 'bind' ? object.digest : undefined;
    log.info({ namespace, inode, digest, durationMs: Math.round(durationMs * 100) / 100 }, type);
    if (type === 'release') {
      const detail = `let go from quarantine, inode ${inode}: nothing is enforced in it`;
      events.note('quarantine-released', detail, namespace);
    }
  }
}

function describe(object: Exclude<CommitObject, { inode: number }>): object {
  if ('digest' in object) return { digest: object.digest };
  if ('name' in object) return { set: object.name };
  return { setting: object.setting, value: String(object.value) };
}
