/** What every reader of the wire says when a message is not as it must be. Pure. */
import { PolicyFault } from '../desired-state/policy';

/** Throws PolicyFault with `otherwise` unless it holds. */
export function demand(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new PolicyFault(otherwise);
}

/** Throws PolicyFault when `value` is not among the `members`; `what` names the field. */
export function lookUp<K extends number, V>(members: ReadonlyMap<K, V>, value: K, what: string): V {
  const found = members.get(value);
  demand(found !== undefined, `${what} ${value} is not one that this agent knows`);
  return found;
}
