/** What a controller wants changed: read, submitted, answered by its nonce, and logged, one line each. */
import type {
  AddressSetDelta,
  AddressSetUpsert,
  ConnectRequest,
  ConnectResponse,
  PolicyUpsert,
} from '@nsgate/proto';
import type { Logger } from 'pino';
import type { Change, Outcome } from '../desired-state/intake';
import { PolicyFault } from '../desired-state/policy';
import { readPolicy } from './policy-message';
import { readSetChange, SetAssembly } from './set-message';

type Inbound = NonNullable<ConnectResponse['message']>;

/** The messages that change what is desired. */
export type ChangeMessage = Extract<
  Inbound,
  { $case: 'upsert' | 'remove' | 'setUpsert' | 'setDelta' | 'setRemove' }
>;

export interface InboundChangesOptions {
  submit: (change: Change) => Promise<Outcome>;
  answer: (message: ConnectRequest['message']) => void;
  log: Logger;
}

const MAX_REASON = 1024;

/** What a log line says of a change. */
type About = Record<string, string | undefined> & { reason?: string | undefined };

export class InboundChanges {
  readonly #assembly = new SetAssembly();

  constructor(private readonly options: InboundChangesOptions) {}

  /** Resolves once the message is answered, if it is one that is. */
  async take(message: ChangeMessage): Promise<void> {
    const start = performance.now();
    const { nonce, name } = nameOf(message);
    const read = this.#read(message);
    if (read === 'more to come') return;
    const answer = read instanceof PolicyFault ? unfit(read) : await this.options.submit(read);
    this.#answer(nonce, name, answer);
    this.#log(message, { ...aboutOf(message), reason: answer?.reason }, performance.now() - start);
  }

  #read(message: ChangeMessage): Change | 'more to come' | PolicyFault {
    try {
      switch (message.$case) {
        case 'upsert':
          return readUpsert(message.value);
        case 'remove':
          return { kind: 'release', name: message.value.name };
        case 'setUpsert':
          return this.#readSet(message.value);
        case 'setDelta':
          return readDelta(message.value);
        case 'setRemove':
          return { kind: 'release-set', name: message.value.name };
      }
    } catch (error) {
      if (error instanceof PolicyFault) return error;
      throw error;
    }
  }

  #readSet(message: AddressSetUpsert): Change | 'more to come' {
    const set = this.#assembly.take(message);
    return set === undefined ? 'more to come' : { kind: 'hold-set', set };
  }

  #answer(nonce: bigint, name: string, refusal: Outcome): void {
    if (refusal === undefined) {
      this.options.answer({ $case: 'ack', value: { nonce } });
      return;
    }
    const reason = refusal.reason.slice(0, MAX_REASON);
    this.options.answer({ $case: 'nack', value: { nonce, name, reason, passing: refusal.passing } });
  }

  #log({ $case }: ChangeMessage, about: About, durationMs: number): void {
    const line = { ...about, durationMs };
    if (about.reason === undefined) this.options.log.info(line, DONE[$case]);
    else this.options.log.error(line, REFUSED[$case]);
  }
}

const DONE: Record<ChangeMessage['$case'], string> = {
  upsert: 'policy held',
  remove: 'policy released',
  setUpsert: 'address set held',
  setDelta: 'address set changed',
  setRemove: 'address set released',
};

const REFUSED: Record<ChangeMessage['$case'], string> = {
  upsert: 'policy refused',
  remove: 'policy not released',
  setUpsert: 'address set refused',
  setDelta: 'change of an address set refused',
  setRemove: 'address set not released',
};

/** What is not valid now will not be later. */
function unfit(fault: PolicyFault): Outcome {
  return { reason: fault.message, passing: false };
}

function readUpsert({ policy }: PolicyUpsert): Change {
  if (policy === undefined) throw new PolicyFault('the message carries no policy');
  return { kind: 'hold', policy: readPolicy(policy) };
}

function readDelta(message: AddressSetDelta): Change {
  return { kind: 'change-set', ...readSetChange(message) };
}

function nameOf(message: ChangeMessage): { nonce: bigint; name: string } {
  const { nonce } = message.value;
  return {
    nonce,
    name: message.$case === 'upsert' ? (message.value.policy?.name ?? '') : message.value.name,
  };
}

function aboutOf(message: ChangeMessage): About {
  switch (message.$case) {
    case 'upsert': {
      const { name, revision, digest } = message.value.policy ?? {};
      return { policy: name, revision: revision?.toString(), digest };
    }
    case 'remove':
      return { policy: message.value.name };
    case 'setUpsert':
    case 'setDelta':
      return { set: message.value.name, revision: message.value.revision.toString() };
    case 'setRemove':
      return { set: message.value.name };
  }
}
