/** What `-f` names: files, folders with files in them, and `-` for stdin. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError } from './exit-code';
import { parseResources, ResourceFileError, type Resource } from './resource-file';

/** The resources of all of them, in order of path within a folder. ResourceFileError tells everything that is wrong. */
export function readResources(paths: readonly string[]): Resource[] {
  const problems: string[] = [];
  const resources = paths.flatMap(filesOf).flatMap((path) => {
    try {
      return path === '-'
        ? parseResources(readFileSync(0, 'utf8'), 'stdin')
        : parseResources(readText(path), path);
    } catch (error) {
      if (!(error instanceof ResourceFileError)) throw error;
      problems.push(...error.problems);
      return [];
    }
  });
  problems.push(...duplicates(resources));
  if (problems.length > 0) throw new ResourceFileError(problems);
  return resources;
}

export function nameOf(resource: Resource): string {
  return resource.kind === 'Policy' ? resource.policy.name : resource.addressSet.name;
}

function filesOf(path: string): string[] {
  if (path === '-' || !isFolder(path)) return [path];
  const entries = readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  const files = entries.flatMap((entry) => {
    const full = join(path, entry.name);
    if (entry.isDirectory()) return filesOf(full);
    return /\.(ya?ml|json)$/.test(entry.name) ? [full] : [];
  });
  return files;
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    throw new CommandError('invalid', `cannot read ${path}: ${(error as Error).message}`);
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new CommandError('invalid', `cannot read ${path}: ${(error as Error).message}`);
  }
}

function duplicates(resources: readonly Resource[]): string[] {
  const first = new Map<string, Resource>();
  return resources.flatMap((resource) => {
    const name = nameOf(resource);
    const other = first.get(name);
    if (other === undefined) first.set(name, resource);
    return other === undefined
      ? []
      : [`${resource.placeOf('name')}: ${name} stands at ${other.placeOf('name')}, too`];
  });
}
