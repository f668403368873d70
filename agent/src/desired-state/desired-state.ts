/** The policies and address sets that this host is to enforce: in memory what is on disk, and nothing that is not. */
import type { Logger } from 'pino';
import { changeSet, kernelSetName, type AddressSet, type SetChange } from './address-set';
import type { AddressSetFiles } from './address-set-files';
import { StoringFault } from './durable-file';
import type { Policy } from './policy';
import type { StateFile } from './state-file';

/**
 * Whether the policies held are all that is wanted. `unknown`: the agent has no state of its own yet, so what the kernel
 * enforces may be wanted by policies that it has not heard of: nothing may be changed.
 */
export type Completeness = 'unknown' | 'complete';

export interface DesiredStateOptions {
  file: StateFile;
  setFiles: AddressSetFiles;
  /** Reads a policy's message; throws PolicyFault. */
  decode: (message: Uint8Array) => Policy;
  log: Logger;
  /** Something on disk cannot be used, or nothing can be stored: an operator should know. */
  onFault: (detail: string) => void;
}

export type Policies = ReadonlyMap<string, Policy>;

export class DesiredState {
  #policies: Policies = new Map();
  #sets = new Map<string, AddressSet>();
  #completeness: Completeness = 'unknown';
  #storingFault: { kind: string; message: string } | undefined;
  /** Bytes that there was no room for. */
  #roomWanted = 0;

  constructor(private readonly options: DesiredStateOptions) {}

  /** By name. */
  get policies(): Policies {
    return this.#policies;
  }

  /** By their name in the kernel. */
  get sets(): ReadonlyMap<string, AddressSet> {
    return this.#sets;
  }

  get completeness(): Completeness {
    return this.#completeness;
  }

  /** Why the last change could not be stored; undefined when it was. */
  get storingFault(): string | undefined {
    return this.#storingFault?.message;
  }

  /** Takes up what the last run left on disk. What cannot be used leaves everything as the kernel has it. */
  load(): void {
    this.#loadSets();
    const loaded = this.#loadFile();
    if (loaded.kind === 'none') return;
    if (loaded.kind === 'unusable') {
      this.#distrust(loaded.reason);
      return;
    }
    try {
      const policies = loaded.state.policies.map(({ message }) => this.options.decode(message));
      this.#policies = new Map(policies.map((policy) => [policy.name, policy]));
      this.#completeness = loaded.state.complete ? 'complete' : 'unknown';
      const about = { policies: policies.length, sets: this.#sets.size, complete: loaded.state.complete };
      this.options.log.info(about, 'loaded the last desired state');
    } catch (error) {
      this.#distrust(`a policy in it cannot be read: ${(error as Error).message}`);
    }
  }

  /** Resolves once `policies` are durably held in place of the ones before. When it rejects, nothing has changed. */
  async replace(policies: Policies, completeness: Completeness): Promise<void> {
    const stored = [...policies.values()].map(({ name, message }) => ({ name, message }));
    await this.#storing(() =>
      this.options.file.save({ complete: completeness === 'complete', policies: stored }),
    );
    this.#policies = policies;
    this.#completeness = completeness;
  }

  /** As `replace`, for one address set, whole. */
  async holdSet(set: AddressSet): Promise<void> {
    await this.#storing(() => this.options.setFiles.save(set));
    this.#sets.set(kernelSetName(set.name) ?? set.name, set);
  }

  /** As `replace`, for a change of an address set that is held at the revision where the change begins. */
  async changeSet(set: AddressSet, change: SetChange): Promise<void> {
    const changed = changeSet(set, change);
    await this.#storing(() => this.options.setFiles.saveChange(changed, change));
    this.#sets.set(kernelSetName(set.name) ?? set.name, changed);
  }

  /** As `replace`. */
  async releaseSet(name: string): Promise<void> {
    await this.#storing(() => this.options.setFiles.remove(name));
    this.#sets.delete(kernelSetName(name) ?? name);
  }

  /** Whether changes can be stored (again). */
  async canStore(): Promise<boolean> {
    return this.#storing(() => this.options.file.demandWritable(this.#roomWanted)).then(
      () => true,
      () => false,
    );
  }

  #loadSets(): void {
    try {
      const { sets, unusable } = this.options.setFiles.load();
      for (const set of sets) this.#sets.set(kernelSetName(set.name) ?? set.name, set);
      for (const { file, reason } of unusable) {
        this.options.onFault(`${file} cannot be used: ${reason}; the controller is asked for the set again`);
      }
    } catch (error) {
      this.options.onFault(`the address sets on disk cannot be read: ${(error as Error).message}`);
    }
  }

  #loadFile(): ReturnType<StateFile['load']> {
    try {
      return this.options.file.load();
    } catch (error) {
      return { kind: 'unusable', reason: (error as Error).message };
    }
  }

  async #storing(store: () => Promise<void>): Promise<void> {
    try {
      await store();
      if (this.#storingFault !== undefined) this.options.log.info('the desired state can be stored again');
      this.#storingFault = undefined;
    } catch (error) {
      if (error instanceof StoringFault) this.#roomWanted = error.bytes;
      const { message } = error as Error;
      // By its errno where it has one: the messages name files.
      const [kind = message] = /^E[A-Z]+(?=:)/.exec(message) ?? [];
      if (this.#storingFault?.kind !== kind) {
        this.options.onFault(
          `nothing can be stored: ${message}; what is enforced stays, and changes are refused until it can`,
        );
      }
      this.#storingFault = { kind, message };
      throw error;
    }
  }

  #distrust(reason: string): void {
    this.options.onFault(
      `${this.options.file.path} cannot be used: ${reason}; what the kernel enforces stays as it is until a controller ` +
        'has sent everything',
    );
  }
}
