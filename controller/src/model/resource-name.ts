/** Names of resources: `policies/{id}`, `addressSets/{id}`, `hosts/{id}`. */

const POLICY_ID = /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;
const HOST_ID = /^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/;

export const POLICY_ID_FORM = '1 to 63 of a-z, 0-9 and -, starting with a letter and not ending with -';
export const HOST_ID_FORM = '1 to 63 of a-z, 0-9, - and ., starting and ending with a letter or digit';

/** Whether the text is a policy's id. */
export function isPolicyId(id: string): boolean {
  return POLICY_ID.test(id);
}

/** Whether the text is a policy's name, `policies/{id}`. */
export function isPolicyName(name: string): boolean {
  return name.startsWith('policies/') && isPolicyId(name.slice('policies/'.length));
}

/** Whether the text is an address set's name, `addressSets/{id}`; the id is formed as a policy's. */
export function isAddressSetName(name: string): boolean {
  return name.startsWith('addressSets/') && isPolicyId(name.slice('addressSets/'.length));
}

/** Whether the text is a host's id. */
export function isHostId(id: string): boolean {
  return HOST_ID.test(id);
}

/** `hosts/{id}`. */
export function hostName(id: string): string {
  return `hosts/${id}`;
}

/** The id in `hosts/{id}`, or undefined when the text is no host's name. */
export function hostIdOf(name: string): string | undefined {
  const id = name.startsWith('hosts/') ? name.slice('hosts/'.length) : '';
  return isHostId(id) ? id : undefined;
}

/** The order of all lists: by UTF-16 code units, the same on every machine. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The id in any resource's name: `web` of `policies/web`. */
export function resourceId(name: string): string {
  return name.slice(name.indexOf('/') + 1);
}
