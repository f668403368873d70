/** An AgentPolicy of the wire as a Policy, or a PolicyFault: nothing half-valid gets further than this. Pure. */
import { AgentPolicy, encodeAgentPolicy } from '@nsgate/proto';
import { PolicyFault, type Policy, type PolicyRule, type StatedVerdict } from '../desired-state/policy';
import { Action, type Hook } from '../kernel-device';
import { NamePattern, PatternError } from '../namespaces/name-pattern';
import { demand } from './demand';
import { readAction, readHook, readLog, readRule } from './rule-message';

const MAX_POLICY_RULES = 10_000;
const MAX_PATTERNS = 256;

/** A policy's own priority is within -1000 to 1000; its tier, of which there are five, adds 10,000 for each place. */
const PRIORITY = { min: -1000, max: 51_000 };

/** Throws PolicyFault. */
export function decodePolicy(encoded: Uint8Array): Policy {
  return readPolicy(decodeMessage(encoded));
}

/** Throws PolicyFault. */
export function readPolicy(message: AgentPolicy): Policy {
  const { name, uid, priority } = message;
  demand(
    /^policies\/[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name),
    `${JSON.stringify(name)} is no policy's name`,
  );
  demand(uid !== '', 'it has no uid');
  const { digest, encoded } = encodeAgentPolicy(message);
  demand(message.digest === digest, `its digest is ${message.digest}, its content's is ${digest}`);
  demand(
    priority >= PRIORITY.min && priority <= PRIORITY.max,
    `priority ${priority} is not within ${PRIORITY.min} to ${PRIORITY.max}`,
  );
  const include = readPatterns(message.namespaces?.include ?? [], 'include');
  demand(include.length > 0, 'namespaces.include is empty');
  return {
    name,
    revision: message.revision,
    digest,
    priority,
    include,
    exclude: readPatterns(message.namespaces?.exclude ?? [], 'exclude'),
    rules: readRules(message),
    defaultVerdicts: readDefaultVerdicts(message),
    message: encoded,
  };
}

function decodeMessage(encoded: Uint8Array): AgentPolicy {
  try {
    return AgentPolicy.decode(encoded);
  } catch (error) {
    throw new PolicyFault(`it is not encoded as an AgentPolicy: ${(error as Error).message}`);
  }
}

function readPatterns(patterns: string[], list: string): NamePattern[] {
  demand(patterns.length <= MAX_PATTERNS, `namespaces.${list} has over ${MAX_PATTERNS} entries`);
  return patterns.map((pattern) => {
    try {
      return new NamePattern(pattern);
    } catch (error) {
      if (!(error instanceof PatternError)) throw error;
      throw new PolicyFault(`namespaces.${list}: ${JSON.stringify(pattern)} ${error.message}`);
    }
  });
}

function readRules({ rules, uid }: AgentPolicy): PolicyRule[] {
  demand(rules.length <= MAX_POLICY_RULES, `it has ${rules.length} rules, over ${MAX_POLICY_RULES}`);
  const keys = new Set<bigint>();
  const ids = new Set<string>();
  return rules.map((message) => {
    const rule = readRule(message, uid);
    demand(!ids.has(rule.id), `rule id ${rule.id} stands twice`);
    demand(!keys.has(rule.rule.id), `rule ${rule.id} has the key of another rule`);
    ids.add(rule.id);
    keys.add(rule.rule.id);
    return rule;
  });
}

function readDefaultVerdicts({ defaultVerdicts }: AgentPolicy): Map<Hook, StatedVerdict> {
  const verdicts = new Map<Hook, StatedVerdict>();
  for (const message of defaultVerdicts) {
    const hook = readHook(message.hook);
    const verdict = readAction(message.verdict);
    demand(!verdicts.has(hook), `a default verdict for hook ${message.hook} stands twice`);
    demand(verdict === Action.ACCEPT || verdict === Action.DROP, 'a default verdict is accept or drop');
    demand(
      verdict === Action.DROP || message.log === undefined,
      'only a default verdict that drops can be logged',
    );
    verdicts.set(hook, { verdict, ...readLog(message.log) });
  }
  return verdicts;
}
