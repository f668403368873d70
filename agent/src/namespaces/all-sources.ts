/** The folder of names and the namespaces of processes, as one source. */
import { isProcessName, type Finding } from './namespace-entry';
import type { HeldNamespace, NamespaceSource } from './namespace-source';

export interface AllSourcesParts {
  folder: NamespaceSource;
  processes: NamespaceSource;
}

export class AllSources implements NamespaceSource {
  constructor(private readonly parts: AllSourcesParts) {}

  readAll(): Map<string, Finding> {
    const inFolder = [...this.parts.folder.readAll()].map(([name, finding]): [string, Finding] =>
      isProcessName(name)
        ? [name, { kind: 'stray', detail: 'a name of this form stands for a process' }]
        : [name, finding],
    );
    return new Map([...inFolder, ...this.parts.processes.readAll()]);
  }

  read(name: string): Finding | undefined {
    return this.#of(name).read(name);
  }

  hold(name: string): HeldNamespace | undefined {
    return this.#of(name).hold(name);
  }

  watch(onChange: (name: string | undefined) => void): void {
    this.parts.folder.watch(onChange);
    this.parts.processes.watch(onChange);
  }

  renewWatch(): void {
    this.parts.folder.renewWatch();
    this.parts.processes.renewWatch();
  }

  close(): void {
    this.parts.folder.close();
    this.parts.processes.close();
  }

  #of(name: string): NamespaceSource {
    return isProcessName(name) ? this.parts.processes : this.parts.folder;
  }
}
