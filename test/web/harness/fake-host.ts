/** A host that is faked as far as the wire: it speaks the agent's protocol over mutual TLS, and makes up what a kernel would have counted. */
import type { ClientDuplexStream } from '@grpc/grpc-js';
import {
  AgentStreamServiceClient,
  clientCredentials,
  ConnectRequest,
  NamespaceState,
  RealizationState,
  type AgentPolicy,
  type ConnectResponse,
  type PolicyUpsert,
  type TlsFiles,
} from '@nsgate/proto';

export interface FakeHostOptions {
  readonly id: string;
  readonly labels: Record<string, string>;
  readonly namespaces: readonly string[];
  /** Of the controller. */
  readonly address: string;
  readonly tls: TlsFiles;
  /** Policies that it finds it cannot enforce. */
  readonly fails?: (policy: string) => boolean;
}

/** What is sent, with all that is not named left out. */
type Said = Parameters<typeof ConnectRequest.fromPartial>[0];

const REPORT_EVERY_MS = 500;
const EPOCH = 1n;

/** Acknowledges every policy, enforces it in each of its namespaces, and sees traffic in them. */
export class FakeHost {
  readonly #client: AgentStreamServiceClient;
  readonly #call: ClientDuplexStream<ConnectRequest, ConnectResponse>;
  readonly #held = new Map<string, AgentPolicy>();
  readonly #counts = new Map<string, bigint>();
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: FakeHostOptions) {
    this.#client = new AgentStreamServiceClient(options.address, clientCredentials(options.tls));
    this.#call = this.#client.connect();
    this.#call.on('data', (message: ConnectResponse) => this.#hear(message));
    // The controller may stop before the host: a host then has nobody to talk to, as this one.
    this.#call.on('error', () => clearInterval(this.#timer));
    this.#greet();
    this.#timer = setInterval(() => this.#reportTraffic(), REPORT_EVERY_MS);
  }

  /** Tells that so many samples were lost. */
  loseSamples(count: number): void {
    this.#say({ message: { $case: 'packets', value: { lost: BigInt(count) } } });
  }

  close(): void {
    clearInterval(this.#timer);
    this.#call.cancel();
    this.#client.close();
  }

  #greet(): void {
    const { id: hostId, labels, namespaces } = this.options;
    this.#say({
      message: {
        $case: 'hello',
        value: {
          hostId,
          labels,
          agentVersion: '0.1.0',
          moduleVersion: '0.1.0',
          kernelRelease: '6.1.0-39-amd64',
          bootId: 'boot',
        },
      },
    });
    const state = NamespaceState.NAMESPACE_STATE_READY;
    const reported = namespaces.map((name, i) => ({
      name,
      inode: 4026532000 + i,
      birthId: BigInt(i + 1),
      state,
    }));
    this.#say({ message: { $case: 'namespaces', value: { snapshot: true, namespaces: reported } } });
    this.#say({ message: { $case: 'realizations', value: { snapshot: true } } });
  }

  #hear({ message }: ConnectResponse): void {
    if (message?.$case === 'upsert') this.#hold(message.value);
    else if (message?.$case === 'remove') {
      this.#held.delete(message.value.name);
      this.#say({ message: { $case: 'ack', value: { nonce: message.value.nonce } } });
    }
  }

  #hold({ nonce, policy }: PolicyUpsert): void {
    if (policy === undefined) return;
    this.#held.set(policy.name, policy);
    this.#say({ message: { $case: 'ack', value: { nonce } } });
    const failed = this.options.fails?.(policy.name) === true;
    const realizations = this.options.namespaces.map((namespace) => ({
      policy: policy.name,
      namespace,
      policyRevision: policy.revision,
      ...(failed
        ? {
            state: RealizationState.REALIZATION_STATE_FAILED,
            reason: 'the module refused rule "dns": no memory for its counters',
          }
        : { state: RealizationState.REALIZATION_STATE_ENFORCED, rulesetDigest: policy.digest }),
    }));
    this.#say({ message: { $case: 'realizations', value: { realizations } } });
  }

  #reportTraffic(): void {
    const rules = [...this.#held.values()].flatMap(({ rules }) => rules);
    if (rules.length === 0) return;
    const bindings = this.options.namespaces.map((namespace) => {
      const packets = rules.map(({ key }, i) => this.#risen(`${namespace} ${key}`, 5 + i * 3));
      return {
        namespace,
        epoch: EPOCH,
        ruleKeys: rules.map(({ key }) => key),
        packets,
        bytes: packets.map((count) => count * 120n),
        shadowPackets: rules.map(({ shadow }, i) => (shadow ? (packets[i] ?? 0n) : 0n)),
      };
    });
    this.#say({ message: { $case: 'stats', value: { bindings } } });
  }

  #risen(what: string, by: number): bigint {
    const count = (this.#counts.get(what) ?? 0n) + BigInt(by);
    this.#counts.set(what, count);
    return count;
  }

  #say(message: Said): void {
    this.#call.write(ConnectRequest.fromPartial(message));
  }
}
