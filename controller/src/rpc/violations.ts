/** Collects what is wrong with a request, field by field, so that one answer names everything. */
import { RpcError, type FieldViolation } from '@nsgate/proto';
import { withoutSecrets } from '../identity/without-secrets';

/**
 * Violations travel in a trailer, and gRPC clients bound those: the C core refuses above 8 KiB (soft) or 16 KiB (hard),
 * grpc-java above 8 KiB. In base64, with the message, this many bytes stay below.
 */
const MAX_DETAIL_BYTES = 4500;
const MAX_QUOTED = 64;

export class Violations {
  readonly #found: FieldViolation[] = [];
  #bytes = 0;
  #leftOut = 0;

  /** `field` is the path from the request's root, `description` a phrase that names the value and what is wrong. */
  add(field: string, description: string): void {
    // Two length prefixes and tags each, at the most.
    this.#bytes += Buffer.byteLength(field) + Buffer.byteLength(description) + 12;
    if (this.#bytes > MAX_DETAIL_BYTES) this.#leftOut += 1;
    else this.#found.push({ field, description });
  }

  get any(): boolean {
    return this.#found.length > 0;
  }

  /** INVALID_ARGUMENT with every violation; those that a trailer cannot carry are counted in the last one. */
  toError(): RpcError {
    const more = { field: '', description: `${this.#leftOut} more violations do not fit into this answer` };
    return RpcError.invalidArgument(this.#leftOut > 0 ? [...this.#found, more] : this.#found);
  }

  throwIfAny(): void {
    if (this.any) throw this.toError();
  }
}

/** A value for a message: without a token that stands in the wrong place, quoted, escaped to printable ASCII, and bounded. */
export function quote(given: string): string {
  const value = withoutSecrets(given);
  const bounded = value.length > MAX_QUOTED ? `${value.slice(0, MAX_QUOTED)}…` : value;
  return JSON.stringify(bounded).replace(
    /[^ -~]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
