/** Parts that several messages of the operator API share. */
import { HOST_ID_FORM, hostIdOf, isPolicyName, POLICY_ID_FORM } from '../model/resource-name';
import { quote, type Violations } from '../rpc/violations';

const MAX_TEXT = 1024;

/** Free text for people. */
export function checkText(text: string, field: string, violations: Violations): void {
  if (text.length > MAX_TEXT && Array.from(text).length > MAX_TEXT) {
    violations.add(field, `is longer than ${MAX_TEXT} characters`);
  }
}

/** The name of a policy. */
export function checkPolicyName(name: string, field: string, violations: Violations): void {
  if (name === '') violations.add(field, 'is required: policies/{policy_id}');
  else if (!isPolicyName(name)) {
    violations.add(field, `${quote(name)} is not policies/{policy_id}, the id being ${POLICY_ID_FORM}`);
  }
}

/** How many entries a list has. */
export function checkCount(
  list: readonly unknown[],
  field: string,
  { max, violations }: { max: number; violations: Violations },
): void {
  if (list.length > max) violations.add(field, `has ${list.length} entries; at most ${max}`);
}

/** For an enum's number that has no meaning here. */
export function unknownEnum(what: string, number: number): string {
  return number === 0 ? 'must be set: say which' : `${number} is not ${what} that is known`;
}

/** The name of a host. */
export function checkHostName(name: string, field: string, violations: Violations): void {
  if (name === '') violations.add(field, 'is required: hosts/{host_id}');
  else if (hostIdOf(name) === undefined) {
    violations.add(field, `${quote(name)} is not hosts/{host_id}, the id being ${HOST_ID_FORM}`);
  }
}

/** `source_ports` for `sourcePorts`: a field as its path names it. */
export function fieldName(property: string): string {
  return property.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
