/** A host's end of the agent stream, with counters that are made up: it takes what it is sent, and reports when it is told to. */
import type { ClientDuplexStream } from '@grpc/grpc-js';
import {
  Action,
  AgentStreamServiceClient,
  clientCredentials,
  Hello,
  Hook,
  type BindingStats,
  type ConnectRequest,
  type ConnectResponse,
  type TlsFiles,
} from '@nsgate/proto';

/** By how much each counter of packets rises from one report to the next. */
const STEP = 12_345n;
const BYTES_A_PACKET = 800n;

export class SimulatedAgent {
  /** By performance.now(), of the first report, the second, and so on. */
  readonly reportedAt: number[] = [];
  /** How many reports somebody has seen the counts of. */
  seen = 0;

  private constructor(
    private readonly client: AgentStreamServiceClient,
    private readonly call: ClientDuplexStream<ConnectRequest, ConnectResponse>,
    private readonly ruleKeys: bigint[],
  ) {}

  /** Resolves once the host is in sync. */
  static async connect(host: {
    readonly id: string;
    readonly port: number;
    readonly files: TlsFiles;
    readonly ruleKeys: bigint[];
  }): Promise<SimulatedAgent> {
    const client = new AgentStreamServiceClient(`127.0.0.1:${host.port}`, clientCredentials(host.files));
    const call = client.connect();
    const inSync = new Promise<void>((resolve, reject) => {
      call.on('error', reject);
      call.on('data', ({ message }: ConnectResponse) => {
        if (message?.$case === 'upsert') {
          call.write({ message: { $case: 'ack', value: { nonce: message.value.nonce } } });
        }
        if (message?.$case === 'inSync') resolve();
      });
    });
    const hello = Hello.fromPartial({ hostId: host.id, bootId: 'b', labels: { site: 'bench' } });
    call.write({ message: { $case: 'hello', value: hello } });
    await inSync;
    return new SimulatedAgent(client, call, host.ruleKeys);
  }

  /** All counters have risen. */
  report(): void {
    this.reportedAt.push(performance.now());
    const packets = BigInt(this.reportedAt.length) * STEP;
    const value = { bindings: [this.#binding(packets)], whole: false, health: undefined };
    this.call.write({ message: { $case: 'stats', value } });
  }

  /** In how many reports the host has counted so many packets; undefined for a count that it never had. */
  reportsOf(packets: bigint): number | undefined {
    const step = STEP * BigInt(this.ruleKeys.length);
    return packets % step === 0n ? Number(packets / step) : undefined;
  }

  close(): void {
    this.call.on('error', () => undefined);
    this.call.cancel();
    this.client.close();
  }

  #binding(packets: bigint): BindingStats {
    const column = (value: bigint): bigint[] => this.ruleKeys.map(() => value);
    const seen = packets * BigInt(this.ruleKeys.length);
    return {
      ...{ namespace: 'tenant-1', epoch: 1n, ruleKeys: this.ruleKeys, packets: column(packets) },
      ...{ bytes: column(packets * BYTES_A_PACKET), shadowPackets: column(0n) },
      idleMs: this.ruleKeys.map((_, i) => BigInt(i * 10)),
      ...{ hooks: [Hook.HOOK_INPUT, Hook.HOOK_OUTPUT], accepted: [seen, seen], dropped: [seen, 0n] },
      ...{ rejected: [0n, 0n], shadowDropped: [0n, 0n], malformed: [0n, 0n] },
      ...{ defaulted: [seen, 0n], defaultVerdicts: [Action.ACTION_DROP, Action.ACTION_ACCEPT] },
      defaultPolicies: ['policies/bench', ''],
    };
  }
}
