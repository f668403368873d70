/** What the controller says on an agent's stream, encoded. */
import { ConnectResponse, type AgentPolicy, type ExplainQuestion } from '@nsgate/proto';
import { isSet, type PolicyItem } from './sync-state';

type Message = NonNullable<ConnectResponse['message']>;

/** The version of a policy that a host declares to hold. Its revision counts: hosts report it to operators. */
export function policyVersion({ digest, revision }: Pick<AgentPolicy, 'digest' | 'revision'>): string {
  return `${digest}@${revision}`;
}

/** The policy under a nonce: the same bytes for every host. */
export function encodePolicy(policy: AgentPolicy, sets: readonly string[], nonce: bigint): PolicyItem {
  const { name, revision } = policy;
  const message = encode({ $case: 'upsert', value: { nonce, policy } });
  return { kind: 'policy', name, revision, version: policyVersion(policy), nonce, message, sets };
}

/** Of a policy or an address set. */
export function encodeRemove(name: string, nonce: bigint): Buffer {
  return encode({ $case: isSet(name) ? 'setRemove' : 'remove', value: { nonce, name } });
}

export function encodeInSync(revision: bigint): Buffer {
  return encode({ $case: 'inSync', value: { revision } });
}

export function encodeWelcome(controllerVersion: string): Buffer {
  return encode({ $case: 'welcome', value: { controllerVersion } });
}

export function encodeSettings(statsIntervalMs: number): Buffer {
  const statsInterval = {
    seconds: BigInt(Math.floor(statsIntervalMs / 1000)),
    nanos: (statsIntervalMs % 1000) * 1_000_000,
  };
  return encode({ $case: 'settings', value: { statsInterval } });
}

export function encodeQuestion(question: ExplainQuestion): Buffer {
  return encode({ $case: 'explain', value: question });
}

function encode(message: Message): Buffer {
  return Buffer.from(ConnectResponse.encode({ message }).finish());
}
