/** How a conversation with the kernel module can fail. */
import { Field } from './abi';

/** Where in a request the fault was seen; an index is undefined where it does not apply. */
export interface RefusalDetail {
  /** Name of the errno, such as EINVAL. */
  errno: string;
  /** Index of the object in the commit. */
  object?: number;
  /** Index of the rule in its ruleset. */
  rule?: number;
  /** Index of the match in its rule. */
  match?: number;
  /** Index of the item in its match. */
  item?: number;
  field: Field;
  /** Byte of the request. */
  offset?: number;
  /** For a person. */
  reason: string;
}

/** The module refused a request, whole: nothing has changed. */
export class KernelRefusal extends Error {
  override readonly name = 'KernelRefusal';

  constructor(readonly detail: RefusalDetail) {
    super(`the kernel module refused ${describePlace(detail)}: ${detail.reason} (${detail.errno})`);
  }
}

function describePlace({ object, rule, match, item, field }: RefusalDetail): string {
  const steps = Object.entries({ object, rule, match, item })
    .filter(([, index]) => index !== undefined)
    .map(([what, index]) => `${what} ${String(index)}`);
  if (field !== Field.NONE) steps.push(`field ${Field[field].toLowerCase()}`);
  return steps.length === 0 ? 'the request' : steps.join(', ');
}

/**
 * Why there is nobody to talk to: `absent` when the module is not loaded, `forbidden` without the right to open the
 * device, `incompatible` when module and agent share no version of the ABI.
 */
export type UnavailableState = 'absent' | 'forbidden' | 'incompatible';

/** The module cannot be talked to. */
export class KernelUnavailable extends Error {
  override readonly name = 'KernelUnavailable';

  constructor(
    readonly state: UnavailableState,
    message: string,
    cause?: unknown,
  ) {
    super(message, { cause });
  }
}

/** What was read back is not a reply of this ABI. */
export class MalformedReply extends Error {
  override readonly name = 'MalformedReply';

  constructor(fault: string) {
    super(`malformed reply of the kernel module: ${fault}`);
  }
}
