/** Keeps policies from cutting hosts off: what the compiler finds, held to the namespaces that hosts report. */
import { findCutOff } from '../compiler/cut-off';
import type { HostRegistry } from '../host-registry/host-registry';
import { namespaceMatcher } from '../model/namespace-glob';
import type { PolicySpec } from '../model/policy';
import { hostName } from '../model/resource-name';
import { selectsHost } from '../model/selector';
import { wouldCutOff, type EndangeredHost } from './resource-errors';

/** The process 1 of every host lives in the initial namespace. */
const ALWAYS_INITIAL = 'pid:1';

export class Failsafe {
  /** `controllerPort`: where agents connect to; undefined when they cannot. */
  constructor(
    private readonly registry: HostRegistry,
    private readonly controllerPort: number | undefined,
  ) {}

  /** FAILED_PRECONDITION when the policy could cut a host off. */
  check(spec: PolicySpec): void {
    const endangered = this.find(spec);
    if (endangered !== undefined) throw wouldCutOff(spec.name, endangered);
  }

  /** The first host that the policy could cut off. */
  find(spec: PolicySpec): EndangeredHost | undefined {
    const cutOff = findCutOff(spec, this.controllerPort);
    if (cutOff === undefined) return undefined;
    const reached = this.#reachedInitial(spec);
    return reached && { ...reached, cutOff };
  }

  #reachedInitial({ hostSelector, namespaces }: PolicySpec): Omit<EndangeredHost, 'cutOff'> | undefined {
    const chooses = namespaceMatcher(namespaces);
    for (const { hostId, labels, name } of this.registry.initialNamespaces()) {
      if (chooses(name) && selectsHost(hostSelector, labels))
        return { hostName: hostName(hostId), namespace: name };
    }
    const named = namespaces.include.includes(ALWAYS_INITIAL) && chooses(ALWAYS_INITIAL);
    return named ? { hostName: 'every host that it chooses', namespace: ALWAYS_INITIAL } : undefined;
  }
}
