/** Parts that several messages of the operator API share. */
import { parseLabelFilter } from '../model/label-filter';
import {
  HOST_ID_FORM,
  hostIdOf,
  isAddressSetName,
  isPolicyName,
  POLICY_ID_FORM,
} from '../model/resource-name';
import type { HostSelector } from '../model/selector';
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

/** The name of an address set. */
export function checkAddressSetName(name: string, field: string, violations: Violations): void {
  if (name === '') violations.add(field, 'is required: addressSets/{address_set_id}');
  else if (!isAddressSetName(name)) {
    violations.add(
      field,
      `${quote(name)} is not addressSets/{address_set_id}, the id being ${POLICY_ID_FORM}`,
    );
  }
}

/** Conditions on labels, in text. */
export function parseFilter(text: string, field: string, violations: Violations): HostSelector {
  checkText(text, field, violations);
  const parsed = parseLabelFilter(text.slice(0, MAX_TEXT));
  if (parsed.ok) return parsed.selector;
  violations.add(field, `${quote(text)} ${parsed.problem}`);
  return { requirements: [] };
}

/** Milliseconds; undefined when it is not set, or wrong. */
export function parseDuration(
  duration: { readonly seconds: bigint; readonly nanos: number } | undefined,
  field: string,
  { minMs, maxMs, violations }: { minMs: number; maxMs: number; violations: Violations },
): number | undefined {
  if (duration === undefined) return undefined;
  const ms = Number(duration.seconds) * 1000 + duration.nanos / 1_000_000;
  if (ms >= minMs && ms <= maxMs) return ms;
  violations.add(field, `is not from ${durationText(minMs)} to ${durationText(maxMs)}`);
  return undefined;
}

function durationText(ms: number): string {
  return ms >= 3_600_000 ? `${ms / 3_600_000} h` : `${ms} ms`;
}

/** Revisions are signed in the store. */
const MAX_REVISION = 2n ** 63n - 1n;

/** That of a stored version. */
export function checkRevision(revision: bigint, field: string, violations: Violations): void {
  if (revision === 0n) violations.add(field, 'is required: it is that of a stored version');
  else if (revision > MAX_REVISION) violations.add(field, `${revision} is no revision that a store can have`);
}
