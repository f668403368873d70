/** What an operator does in the demo, over mutual TLS: policies in, realization and statistics out. */
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { status, type ServiceError } from '@grpc/grpc-js';
import {
  clientCredentials,
  EnrollmentServiceClient,
  FleetServiceClient,
  PolicyServiceClient,
  RealizationState,
  RpcError,
  StatsDimension,
  StatsServiceClient,
  StreamStatsRequest,
  type Counters,
  type Policy,
  type Realization,
  type TlsFiles,
} from '@nsgate/proto';

const CHANNEL = {
  // The controller may be about to start: try often.
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 500,
  // The name in its certificate: an address is no server name (RFC 6066, 3).
  'grpc.ssl_target_name_override': 'localhost',
};

export class Operator {
  readonly #policies: PolicyServiceClient;
  readonly #fleet: FleetServiceClient;
  readonly #stats: StatsServiceClient;
  readonly #enrollment: EnrollmentServiceClient;

  constructor(address: string, tls: TlsFiles) {
    const credentials = clientCredentials(tls);
    this.#policies = new PolicyServiceClient(address, credentials, CHANNEL);
    this.#fleet = new FleetServiceClient(address, credentials, CHANNEL);
    this.#stats = new StatsServiceClient(address, credentials, CHANNEL);
    this.#enrollment = new EnrollmentServiceClient(address, credentials, CHANNEL);
  }

  /** Whether the controller answers, tried for a quarter of a second. */
  async serves(): Promise<boolean> {
    return new Promise((resolve) => {
      this.#policies.waitForReady(Date.now() + 250, (error) => resolve(error === undefined));
    });
  }

  async applyPolicy(policy: Policy): Promise<Policy> {
    const call = promisify(this.#policies.updatePolicy.bind(this.#policies) as UnaryCall<object, Policy>);
    const request = {
      policy,
      allowMissing: true,
      validateOnly: false,
      updateMask: undefined,
      reason: 'demo',
    };
    return await readable(call(request));
  }

  /** Removes a policy; one that is not there is no error. */
  async deletePolicy(name: string): Promise<void> {
    const call = promisify(this.#policies.deletePolicy.bind(this.#policies) as UnaryCall<object, object>);
    await readable(call({ name, etag: '', allowMissing: true, validateOnly: false, reason: 'demo' }));
  }

  /** Gives a token by which the host gets its certificate, once, within the hour. */
  async enroll(hostId: string): Promise<string> {
    const create = promisify(
      this.#enrollment.createEnrollmentToken.bind(this.#enrollment) as UnaryCall<object, { token: string }>,
    );
    return (await readable(create({ host: `hosts/${hostId}`, ttl: undefined }))).token;
  }

  /** Takes back every certificate of the host. */
  async revoke(hostId: string): Promise<void> {
    const call = promisify(this.#enrollment.revokeHost.bind(this.#enrollment) as UnaryCall<object, object>);
    await readable(call({ host: `hosts/${hostId}`, reason: 'test' }));
  }

  /** Where a policy stands on all hosts. */
  async realizations({ policy }: { policy: string }): Promise<Realization[]> {
    const list = promisify(
      this.#fleet.listRealizations.bind(this.#fleet) as UnaryCall<object, { realizations: Realization[] }>,
    );
    return (await readable(list({ policy, host: '', state: 0, pageSize: 1000, pageToken: '' }))).realizations;
  }

  /** Waits until a policy is enforced in one namespace of one host; an Error says why it is not. */
  async waitEnforced(wanted: { policy: Policy; host: string; namespace: string }): Promise<Realization> {
    for (;;) {
      const all = await this.realizations({ policy: wanted.policy.name });
      const realizations = all.filter(({ host }) => host === wanted.host);
      const failed = realizations.find(({ state }) => state === RealizationState.REALIZATION_STATE_FAILED);
      if (failed !== undefined)
        throw new Error(`${wanted.policy.name} failed on ${failed.host}: ${failed.reason}`);
      const found = realizations.find(
        (one) =>
          one.namespace === wanted.namespace &&
          one.policyRevision === wanted.policy.revision &&
          one.state === RealizationState.REALIZATION_STATE_ENFORCED,
      );
      if (found !== undefined) return found;
      await delay(100);
    }
  }

  /** Streams one rule's counters as they rise, until `signal` aborts. */
  async *ruleCounters(policy: string, ruleId: string, signal: AbortSignal): AsyncGenerator<Counters> {
    const request = StreamStatsRequest.fromPartial({
      filter: { policies: [policy], ruleIds: [ruleId] },
      groupBy: [StatsDimension.STATS_DIMENSION_RULE],
      interval: { seconds: 0n, nanos: 500_000_000 },
    });
    const call = this.#stats.streamStats(request);
    const cancel = (): void => call.cancel();
    signal.addEventListener('abort', cancel);
    try {
      for await (const { groups } of call as AsyncIterable<{
        groups: { counters: Counters | undefined }[];
      }>) {
        for (const { counters } of groups) if (counters !== undefined) yield counters;
      }
    } catch (error) {
      if ((error as ServiceError).code !== status.CANCELLED)
        throw RpcError.fromServiceError(error as ServiceError);
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  }

  close(): void {
    for (const client of [this.#policies, this.#fleet, this.#stats, this.#enrollment]) client.close();
  }
}

type UnaryCall<Request, Response> = (
  request: Request,
  callback: (error: ServiceError | null, response: Response) => void,
) => void;

async function readable<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw RpcError.fromServiceError(error as ServiceError);
  }
}
