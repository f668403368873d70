/** What a watch has told so far: resources by name. A new snapshot takes the place of the old one when it is whole. */

export type WatchEvent<Resource> =
  | { readonly kind: 'put'; readonly name: string; readonly resource: Resource }
  | { readonly kind: 'removed'; readonly name: string }
  | { readonly kind: 'in-sync' };

export class ResourceMirror<Resource> {
  #shown = new Map<string, Resource>();
  /** A snapshot that is not whole yet. */
  #coming: Map<string, Resource> | undefined = new Map();
  #isComplete = false;
  /** Names in order; undefined when it has to be found again. */
  #order: string[] | undefined;

  /** Whether a snapshot has been whole. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** A stream begins. */
  open(resumed: boolean): void {
    this.#coming = resumed ? undefined : new Map();
  }

  apply(event: WatchEvent<Resource>): void {
    if (event.kind === 'in-sync') {
      this.#shown = this.#coming ?? this.#shown;
      this.#coming = undefined;
      this.#isComplete = true;
      this.#order = undefined;
      return;
    }
    const target = this.#coming ?? this.#shown;
    const before = target.size;
    if (event.kind === 'put') target.set(event.name, event.resource);
    else target.delete(event.name);
    if (target.size !== before) this.#order = undefined;
  }

  get(name: string): Resource | undefined {
    return this.#shown.get(name);
  }

  /** In order of name. */
  list(): Resource[] {
    this.#order ??= [...this.#shown.keys()].sort();
    return this.#order.map((name) => this.#shown.get(name)).filter((resource) => resource !== undefined);
  }
}
