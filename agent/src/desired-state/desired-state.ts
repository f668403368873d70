/** The policies that this host is to enforce: in memory what is on disk, and nothing that is not. */
import type { Logger } from 'pino';
import type { Policy } from './policy';
import type { StateFile } from './state-file';

/**
 * Whether the policies held are all that is wanted. `unknown`: the agent has no state of its own yet, so what the kernel
 * enforces may be wanted by policies that it has not heard of: nothing may be changed.
 */
export type Completeness = 'unknown' | 'complete';

export interface DesiredStateOptions {
  file: StateFile;
  /** Reads a policy's message; throws PolicyFault. */
  decode: (message: Uint8Array) => Policy;
  log: Logger;
}

export type Policies = ReadonlyMap<string, Policy>;

export class DesiredState {
  #policies: Policies = new Map();
  #completeness: Completeness = 'unknown';

  constructor(private readonly options: DesiredStateOptions) {}

  /** By name. */
  get policies(): Policies {
    return this.#policies;
  }

  get completeness(): Completeness {
    return this.#completeness;
  }

  /** Takes up what the last run left on disk. A file that cannot be used leaves everything as the kernel has it. */
  load(): void {
    const { file, log } = this.options;
    const loaded = file.load();
    if (loaded.kind === 'none') return;
    if (loaded.kind === 'unusable') {
      this.#distrust(loaded.reason);
      return;
    }
    try {
      const policies = loaded.state.policies.map(({ message }) => this.options.decode(message));
      this.#policies = new Map(policies.map((policy) => [policy.name, policy]));
      this.#completeness = loaded.state.complete ? 'complete' : 'unknown';
      log.info(
        { policies: policies.length, complete: loaded.state.complete },
        'loaded the last desired state',
      );
    } catch (error) {
      this.#distrust(`a policy in it cannot be read: ${(error as Error).message}`);
    }
  }

  /** Resolves once `policies` are durably held in place of the ones before. When it rejects, nothing has changed. */
  async replace(policies: Policies, completeness: Completeness): Promise<void> {
    const stored = [...policies.values()].map(({ name, message }) => ({ name, message }));
    await this.options.file.save({ complete: completeness === 'complete', policies: stored });
    this.#policies = policies;
    this.#completeness = completeness;
  }

  #distrust(reason: string): void {
    this.options.log.error(
      { file: this.options.file.path, reason },
      'the state on disk cannot be used: what the kernel enforces stays as it is until a controller has sent everything',
    );
  }
}
