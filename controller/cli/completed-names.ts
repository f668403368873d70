/** Names that the controller knows, for completion. */
import type { NameKind } from './completion';
import type { Connection } from './connection';
import { render } from './output';
import { list, type Kind } from './resources';

/** What stands there for the last word to become. `host`: whose namespaces. */
export async function knownNames(
  connection: Connection,
  { of, host }: { of: NameKind; host?: string },
): Promise<string[]> {
  const names = async (kind: Kind): Promise<string[]> =>
    render(await list(connection, kind, {}), 'name').split('\n');
  switch (of) {
    case 'policies':
    case 'sets':
    case 'hosts':
      return bothForms(await names(of));
    case 'namespaces': {
      const { rows } = await list(connection, 'namespaces', { host });
      return rows.map(([, name = '']) => name);
    }
    case 'resources':
      return [...bothForms(await names('policies')), ...(await names('sets')), ...(await names('hosts'))];
  }
}

/** `web`, and `policies/web`. */
function bothForms(names: readonly string[]): string[] {
  return names.flatMap((name) => [name.slice(name.indexOf('/') + 1), name]);
}
