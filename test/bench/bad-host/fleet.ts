/** Hosts that behave: each takes every policy, and says so. */
import type { ClientDuplexStream } from '@grpc/grpc-js';
import {
  AgentStreamServiceClient,
  clientCredentials,
  Hello,
  type ConnectRequest,
  type ConnectResponse,
} from '@nsgate/proto';
import type { LocalCa } from '../../../deploy/certificates/local-ca';

export class Fleet {
  readonly #clients: AgentStreamServiceClient[] = [];
  /** The highest revision that each has received. */
  readonly #received: bigint[] = [];
  #waiting: { readonly revision: bigint; readonly done: (at: number) => void } | undefined;

  /** Connects so many hosts, each with a certificate of its own. */
  static async connect(port: number, ca: LocalCa, count: number): Promise<Fleet> {
    const fleet = new Fleet();
    for (let i = 0; i < count; i++) await fleet.#join(port, ca, i);
    return fleet;
  }

  /** When, by performance.now(), every host has received that revision. */
  received(revision: bigint): Promise<number> {
    return new Promise((done) => {
      this.#waiting = { revision, done };
      this.#look();
    });
  }

  close(): void {
    for (const client of this.#clients) client.close();
  }

  async #join(port: number, ca: LocalCa, index: number): Promise<void> {
    const id = `good-${index}`;
    const files = await ca.issue({ name: id, identity: { kind: 'host', id } });
    const client = new AgentStreamServiceClient(`127.0.0.1:${port}`, clientCredentials(files));
    this.#clients.push(client);
    this.#received.push(0n);
    const call = client.connect();
    const inSync = new Promise<void>((resolve, reject) => {
      call.on('error', reject);
      call.on('data', ({ message }: ConnectResponse) => {
        if (message?.$case === 'inSync') resolve();
        this.#take(call, index, message);
      });
    });
    call.write({
      message: {
        $case: 'hello',
        value: Hello.fromPartial({ hostId: id, bootId: 'b', labels: { site: 'bench' } }),
      },
    });
    await inSync;
  }

  #take(
    call: ClientDuplexStream<ConnectRequest, ConnectResponse>,
    index: number,
    message: ConnectResponse['message'],
  ): void {
    if (message?.$case !== 'upsert') return;
    const { nonce, policy } = message.value;
    this.#received[index] = policy?.revision ?? 0n;
    this.#look();
    call.write({ message: { $case: 'ack', value: { nonce } } });
  }

  #look(): void {
    const { revision, done } = this.#waiting ?? {};
    if (revision === undefined || this.#received.some((one) => one < revision)) return;
    this.#waiting = undefined;
    done?.(performance.now());
  }
}
