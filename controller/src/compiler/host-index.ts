/**
 * Which hosts a selector chooses, without asking every host: hosts are indexed by label, and a requirement that names
 * values narrows the candidates before the others are held to them.
 */
import { selectsHost, type HostSelector, type LabelRequirement, type Labels } from '../model/selector';

export class HostIndex {
  readonly #labels = new Map<string, Labels>();
  readonly #byLabel = new Map<string, Set<string>>();

  /** Adds a host, or gives it other labels. */
  set(hostId: string, labels: Labels): void {
    this.delete(hostId);
    this.#labels.set(hostId, labels);
    for (const term of terms(labels)) {
      const hosts = this.#byLabel.get(term) ?? new Set();
      this.#byLabel.set(term, hosts.add(hostId));
    }
  }

  delete(hostId: string): void {
    for (const term of terms(this.#labels.get(hostId) ?? new Map<string, string>())) {
      const hosts = this.#byLabel.get(term);
      hosts?.delete(hostId);
      if (hosts?.size === 0) this.#byLabel.delete(term);
    }
    this.#labels.delete(hostId);
  }

  /** Of a host that is in the index. */
  labels(hostId: string): Labels | undefined {
    return this.#labels.get(hostId);
  }

  /** Ids of the hosts that the selector chooses. */
  select(selector: HostSelector): string[] {
    const candidates = selector.requirements
      .map((requirement) => this.#candidates(requirement))
      .filter((sets) => sets !== undefined)
      .sort((a, b) => count(a) - count(b))[0];
    const hosts = candidates?.flatMap((set) => [...set]) ?? [...this.#labels.keys()];
    return hosts.filter((hostId) => selectsHost(selector, this.#labels.get(hostId) ?? new Map()));
  }

  /** Disjoint sets that hold every host for which the requirement holds; undefined when it does not narrow. */
  #candidates(requirement: LabelRequirement): ReadonlySet<string>[] | undefined {
    switch (requirement.operator) {
      case 'equals':
        return [this.#having(requirement.key, requirement.value)];
      case 'in':
        return [...new Set(requirement.values)].map((value) => this.#having(requirement.key, value));
      case 'not-equals':
      case 'not-in':
      case 'exists':
      case 'does-not-exist':
        return undefined;
    }
  }

  #having(key: string, value: string): ReadonlySet<string> {
    return this.#byLabel.get(`${key}=${value}`) ?? new Set();
  }
}

function terms(labels: Labels): string[] {
  return [...labels].map(([key, value]) => `${key}=${value}`);
}

function count(sets: readonly ReadonlySet<string>[]): number {
  return sets.reduce((sum, set) => sum + set.size, 0);
}
