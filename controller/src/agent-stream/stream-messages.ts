/** What the controller says on an agent's stream, encoded. */
import { ConnectResponse, type AgentPolicy } from '@nsgate/proto';
import type { Upsert } from './sync-state';

type Message = NonNullable<ConnectResponse['message']>;

/** The policy under a nonce: the same bytes for every host. */
export function encodeUpsert(policy: AgentPolicy, nonce: bigint): Upsert {
  const { name, revision, digest } = policy;
  return { name, revision, digest, nonce, message: encode({ $case: 'upsert', value: { nonce, policy } }) };
}

export function encodeRemove(name: string, nonce: bigint): Buffer {
  return encode({ $case: 'remove', value: { nonce, name } });
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

function encode(message: Message): Buffer {
  return Buffer.from(ConnectResponse.encode({ message }).finish());
}
