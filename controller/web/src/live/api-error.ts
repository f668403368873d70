/** What the controller says when it refuses, or what stands in the way of asking it. */

export interface FieldViolation {
  field: string;
  description: string;
}

export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(
    /** As google/rpc/code.proto names it; `OFFLINE` when the controller cannot be reached. */
    readonly code: string,
    message: string,
    readonly violations: readonly FieldViolation[] = [],
  ) {
    super(message);
  }

  /** From an answer's body. */
  static fromBody(body: unknown): ApiError {
    const { error } = (body ?? {}) as {
      error?: { code?: string; message?: string; violations?: FieldViolation[] };
    };
    return new ApiError(
      error?.code ?? 'UNKNOWN',
      error?.message ?? 'the answer cannot be read',
      error?.violations,
    );
  }

  static offline(): ApiError {
    return new ApiError('OFFLINE', 'The controller cannot be reached.');
  }
}

/** From a refused answer. Who is not known any more is shown the login page. */
export async function refusal(response: Response): Promise<ApiError> {
  if (response.status === 401) location.reload();
  return ApiError.fromBody(await response.json().catch(() => undefined));
}
