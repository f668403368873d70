/** The one error type of the gRPC surface: a status code, a sentence, and google.rpc details. */
import { Metadata, status, type ServiceError } from '@grpc/grpc-js';
import { BadRequest, ErrorInfo } from '../gen/google/rpc/error_details';
import { Status } from '../gen/google/rpc/status';

/** A field of a request that is wrong: its path from the request's root, and what would be right. */
export interface FieldViolation {
  field: string;
  description: string;
}

/** What an error is about, for programs: a constant such as `ETAG_MISMATCH`, and values that it speaks of. */
export interface ErrorReason {
  reason: string;
  metadata: Record<string, string>;
}

export interface RpcErrorOptions {
  violations?: FieldViolation[];
  reason?: ErrorReason;
  cause?: unknown;
}

const DETAILS_KEY = 'grpc-status-details-bin';
const DOMAIN = 'nsgate';
const TYPE_PREFIX = 'type.googleapis.com/';

/** Thrown by services, and made from what a client receives. */
export class RpcError extends Error {
  override readonly name = 'RpcError';
  readonly violations: readonly FieldViolation[];
  readonly reason: ErrorReason | undefined;

  constructor(
    readonly code: status,
    message: string,
    options: RpcErrorOptions = {},
  ) {
    super(message, { cause: options.cause });
    this.violations = options.violations ?? [];
    this.reason = options.reason;
  }

  /** INVALID_ARGUMENT for fields that are wrong; the message repeats the first, for clients that show no details. */
  static invalidArgument(violations: FieldViolation[]): RpcError {
    const [first, ...rest] = violations;
    const more = rest.length === 0 ? '' : ` (and ${rest.length} more)`;
    const message = first === undefined ? 'invalid request' : `${first.field}: ${first.description}${more}`;
    return new RpcError(status.INVALID_ARGUMENT, message, { violations });
  }

  /** From an error that a grpc-js client gives; details that cannot be read are left out. */
  static fromServiceError(error: ServiceError): RpcError {
    const options: RpcErrorOptions = { cause: error };
    for (const detail of readDetails(error.metadata)) {
      if (detail.typeUrl === `${TYPE_PREFIX}google.rpc.BadRequest`) {
        options.violations = BadRequest.decode(detail.value).fieldViolations;
      } else if (detail.typeUrl === `${TYPE_PREFIX}google.rpc.ErrorInfo`) {
        options.reason = ErrorInfo.decode(detail.value);
      }
    }
    return new RpcError(error.code, error.details || error.message, options);
  }

  /** In the form in which grpc-js sends it. */
  toServiceError(): ServiceError {
    const error = new Error(this.message, { cause: this }) as ServiceError;
    return Object.assign(error, { code: this.code, details: this.message, metadata: this.#metadata() });
  }

  #metadata(): Metadata {
    const metadata = new Metadata();
    const details = this.#details();
    if (details.length > 0) {
      const encoded = Status.encode({ code: this.code, message: this.message, details }).finish();
      metadata.set(DETAILS_KEY, Buffer.from(encoded));
    }
    return metadata;
  }

  #details(): { typeUrl: string; value: Buffer }[] {
    const details: { typeUrl: string; value: Buffer }[] = [];
    if (this.violations.length > 0) {
      const value = BadRequest.encode({ fieldViolations: [...this.violations] }).finish();
      details.push({ typeUrl: `${TYPE_PREFIX}google.rpc.BadRequest`, value: Buffer.from(value) });
    }
    if (this.reason !== undefined) {
      const value = ErrorInfo.encode({ ...this.reason, domain: DOMAIN }).finish();
      details.push({ typeUrl: `${TYPE_PREFIX}google.rpc.ErrorInfo`, value: Buffer.from(value) });
    }
    return details;
  }
}

function readDetails(metadata: Metadata | undefined): { typeUrl: string; value: Buffer }[] {
  const [encoded] = metadata?.get(DETAILS_KEY) ?? [];
  if (!Buffer.isBuffer(encoded)) return [];
  try {
    return Status.decode(encoded).details.map(({ typeUrl, value }) => ({
      typeUrl,
      value: Buffer.from(value),
    }));
  } catch {
    // A peer's malformed trailer must not hide the status that it came with.
    return [];
  }
}
