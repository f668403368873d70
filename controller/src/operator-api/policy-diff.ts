/** In which fields two versions of a policy differ. Pure. */
import { isDeepStrictEqual } from 'node:util';
import { Policy as PolicyMessage, type FieldChange } from '@nsgate/proto';
import type { PolicySpec } from '../model/policy';
import { fieldName } from './field-parsers';
import { specMessage } from './policy-message';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type JsonObject = Record<string, Json>;

/** Undefined: there is no such version; every field of the other is then a change. */
export function diffPolicies(before: PolicySpec | undefined, after: PolicySpec | undefined): FieldChange[] {
  return diffObjects(jsonOf(before), jsonOf(after), '');
}

function jsonOf(spec: PolicySpec | undefined): JsonObject {
  if (spec === undefined) return {};
  return PolicyMessage.toJSON({ ...specMessage(spec), name: '' }) as JsonObject;
}

function diffObjects(before: JsonObject, after: JsonObject, path: string): FieldChange[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return keys.flatMap((key) => {
    const field = path === '' ? fieldName(key) : `${path}.${fieldName(key)}`;
    return diffValues(before[key], after[key], field);
  });
}

function diffValues(before: Json | undefined, after: Json | undefined, path: string): FieldChange[] {
  if (isDeepStrictEqual(before, after)) return [];
  if (path === 'rules') return diffRules(asRules(before), asRules(after));
  if (isObject(before) && isObject(after)) return diffObjects(before, after, path);
  return [{ path, before: text(before), after: text(after) }];
}

/** Rules are told apart by their ids, so that one that is put in changes no other. */
function diffRules(before: JsonObject[], after: JsonObject[]): FieldChange[] {
  const [old, now] = [byId(before), byId(after)];
  const changes = [...new Set([...old.keys(), ...now.keys()])].flatMap((id) => {
    const [a, b] = [old.get(id), now.get(id)];
    if (a === undefined || b === undefined)
      return [{ path: `rules[${id}]`, before: text(a), after: text(b) }];
    return diffObjects(a, b, `rules[${id}]`);
  });
  const kept = [...old.keys()].filter((id) => now.has(id));
  const order = [...now.keys()].filter((id) => old.has(id));
  if (isDeepStrictEqual(kept, order)) return changes;
  return [...changes, { path: 'rules', before: text([...old.keys()]), after: text([...now.keys()]) }];
}

function byId(rules: readonly JsonObject[]): Map<string, JsonObject> {
  return new Map(rules.map((rule) => [typeof rule.id === 'string' ? rule.id : '', rule]));
}

function asRules(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(value: Json | undefined): string {
  return value === undefined ? '' : JSON.stringify(value);
}
