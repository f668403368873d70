// Orders kernel modules for insertion, from the modules.dep and modules.builtin that depmod(8) writes.

/** What one kernel offers as modules. */
export interface ModuleIndex {
  /** Module name → its file, relative to /lib/modules/RELEASE. */
  readonly files: ReadonlyMap<string, string>;
  /** Module file → files it needs, as listed in modules.dep. */
  readonly needs: ReadonlyMap<string, readonly string[]>;
  /** Names of modules that are part of the kernel image. */
  readonly builtin: ReadonlySet<string>;
}

/** A module's name as the kernel knows it: no folder, no suffix, `_` for `-`. */
export function moduleName(file: string): string {
  const base = file.slice(file.lastIndexOf('/') + 1);
  return base.replace(/\.ko(?:\.(?:xz|gz|zst))?$/, '').replaceAll('-', '_');
}

/** Reads modules.dep(5) (`FILE: FILE…` per line) and modules.builtin (`FILE` per line). */
export function parseModuleIndex(modulesDep: string, modulesBuiltin: string): ModuleIndex {
  const files = new Map<string, string>();
  const needs = new Map<string, readonly string[]>();
  for (const line of modulesDep.split('\n')) {
    const separator = line.indexOf(':');
    if (separator < 0) continue;
    const file = line.slice(0, separator);
    files.set(moduleName(file), file);
    needs.set(
      file,
      line
        .slice(separator + 1)
        .split(' ')
        .filter(Boolean),
    );
  }
  const builtin = new Set(modulesBuiltin.split('\n').filter(Boolean).map(moduleName));
  return { files, needs, builtin };
}

/**
 * The files to insert, in order, so that all `names` are loaded: each file after those it needs, none twice.
 * Names that are built into the kernel need no file.
 * @throws Error naming a module that the kernel does not have.
 */
export function insertionOrder(index: ModuleIndex, names: readonly string[]): string[] {
  const order = new Set<string>();
  const insert = (file: string): void => {
    if (order.has(file)) return;
    for (const needed of index.needs.get(file) ?? []) insert(needed);
    order.add(file);
  };
  for (const name of names.map(moduleName)) {
    const file = index.files.get(name);
    if (file !== undefined) insert(file);
    else if (!index.builtin.has(name)) throw new Error(`the kernel has no module ${name}`);
  }
  return [...order];
}
