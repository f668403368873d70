/** Keeps a stream to one of the controllers open, for as long as the agent runs. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ChannelCredentials, ClientOptions } from '@grpc/grpc-js';
import { AgentStreamServiceClient, Backoff } from '@nsgate/proto';
import type { Logger } from 'pino';
import { nameOptions } from './channel';
import { Session, type AgentFacade, type Introduction, type SessionEnd } from './session';

/** How it stands with the controller. */
export interface ClientStatus {
  /** HOST:PORT of the one that is connected to, or was last. */
  controller: string;
  state: 'connecting' | 'syncing' | 'in sync' | 'away';
  /** Why there is no stream. */
  reason: string | undefined;
  /** The store's revision of the last in-sync mark, and when it came. */
  synced: { revision: bigint; time: Date } | undefined;
}

export interface ControllerClientOptions {
  /** HOST:PORT of each controller; taken in turn. */
  addresses: readonly string[];
  /** Made anew for each try, so that renewed certificates are taken up. */
  credentials: () => ChannelCredentials;
  /** The name that the controller's certificate must bear, when it is not the host's in the address. */
  serverName?: string;
  /** Made anew for each try. */
  introduce: () => Introduction;
  agent: AgentFacade;
  /** A controller has let this host in, or keeps it out because its certificates were revoked. */
  onVerdict?: (verdict: 'accepted' | 'revoked') => void;
  log: Logger;
  backoff?: Backoff;
  welcomeTimeoutMs?: number;
  keepalive?: Keepalive;
}

/** When nothing was heard for a time, the controller is asked; when it does not answer in time, it is gone. In milliseconds. */
export interface Keepalive {
  timeMs: number;
  timeoutMs: number;
}

const KEEPALIVE: Keepalive = { timeMs: 30_000, timeoutMs: 10_000 };

const WELCOME_TIMEOUT_MS = 20_000;

/** A last report may take this long when the agent stops. */
const CLOSE_TIMEOUT_MS = 1_000;

const CHANNEL_OPTIONS: ClientOptions = {
  'grpc.max_receive_message_length': 64 << 20,
  'grpc.enable_retries': 0,
  // Each try is a channel of its own, whose waits are ours alone.
  'grpc.use_local_subchannel_pool': 1,
};

export class ControllerClient {
  readonly #backoff: Backoff;
  readonly #stopping = new AbortController();
  #session: Session | undefined;
  #running: Promise<void> | undefined;
  #controller = '';
  #reason: string | undefined;
  #synced: ClientStatus['synced'];
  #anew = new AbortController();

  constructor(private readonly options: ControllerClientOptions) {
    this.#backoff = options.backoff ?? new Backoff({ initialMs: 500, maxMs: 10_000 });
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Reality has changed. */
  report(): void {
    this.#session?.report();
  }

  get status(): ClientStatus {
    const state = this.#session === undefined ? 'away' : this.#session.state;
    return { controller: this.#controller, state, reason: this.#reason, synced: this.#synced };
  }

  /** Introduces the agent anew, at once. */
  reconnect(): void {
    this.#anew.abort();
    void this.#session?.close(CLOSE_TIMEOUT_MS);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#session?.close(CLOSE_TIMEOUT_MS);
    await this.#running;
  }

  async #run(): Promise<void> {
    const { addresses, log } = this.options;
    for (let turn = 0; !this.#isStopping(); turn++) {
      const controller = addresses[turn % addresses.length] ?? '';
      const { reason, wasInSync, isRevoked } = await this.#connect(controller);
      if (this.#isStopping()) return;
      if (isRevoked) this.options.onVerdict?.('revoked');
      if (this.#anew.signal.aborted) {
        this.#anew = new AbortController();
        continue;
      }
      this.#reason = reason;
      if (wasInSync) this.#backoff.reset();
      const waitMs = Math.round(this.#backoff.next());
      log.warn({ controller, reason, waitMs }, 'no stream to the controller; what is enforced stays');
      const signal = AbortSignal.any([this.#stopping.signal, this.#anew.signal]);
      await sleep(waitMs, undefined, { signal }).catch(() => undefined);
    }
  }

  #isStopping(): boolean {
    return this.#stopping.signal.aborted;
  }

  async #connect(address: string): Promise<SessionEnd> {
    this.#controller = address;
    let client: AgentStreamServiceClient | undefined;
    try {
      client = new AgentStreamServiceClient(address, this.options.credentials(), this.#channelOptions());
      this.#session = this.#open(client, address);
      return await this.#session.ended;
    } catch (error) {
      return { reason: (error as Error).message, wasInSync: false, isRevoked: false };
    } finally {
      this.#session = undefined;
      client?.close();
    }
  }

  #open(client: AgentStreamServiceClient, controller: string): Session {
    const { introduce, agent, log, onVerdict, welcomeTimeoutMs = WELCOME_TIMEOUT_MS } = this.options;
    return new Session({
      call: client.connect(),
      introduction: introduce(),
      agent,
      log: log.child({ controller }),
      welcomeTimeoutMs,
      onSync: (revision) => {
        this.#reason = undefined;
        this.#synced = { revision, time: new Date() };
        onVerdict?.('accepted');
      },
    });
  }

  #channelOptions(): ClientOptions {
    const { serverName, keepalive = KEEPALIVE } = this.options;
    return {
      ...CHANNEL_OPTIONS,
      ...nameOptions(serverName),
      'grpc.keepalive_time_ms': keepalive.timeMs,
      'grpc.keepalive_timeout_ms': keepalive.timeoutMs,
    };
  }
}
