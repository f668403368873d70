/** Messages of the API in protobuf's JSON form (https://protobuf.dev/programming-guides/json/), by its descriptors. */
import { readFileSync } from 'node:fs';
import {
  createFileRegistry,
  fromBinary,
  fromJson,
  toBinary,
  toJson,
  type DescMethod,
  type FileRegistry,
  type JsonValue,
} from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { status, type MethodDefinition } from '@grpc/grpc-js';
import { RpcError } from '@nsgate/proto';
import { causeOf, StartupError } from '../startup-error';

/** The description that `npm run build` makes; StartupError when it cannot be read. */
export function readApiDescription(path: string): FileRegistry {
  try {
    return createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(path)));
  } catch (error) {
    const why = `cannot read the API description ${path} (npm run build makes it): ${causeOf(error)}`;
    throw new StartupError(why, { cause: error });
  }
}

/** Translates for one method. */
export class MethodCodec {
  readonly #described: DescMethod;

  constructor(
    private readonly method: MethodDefinition<unknown, unknown>,
    private readonly registry: FileRegistry,
  ) {
    const [service = '', name = ''] = method.path.slice(1).split('/');
    const described = registry.getService(service)?.methods.find((one) => one.name === name);
    if (described === undefined) throw new Error(`the API description has no method ${method.path}`);
    this.#described = described;
  }

  /** The request as handlers take it. INVALID_ARGUMENT for text that is no JSON form of it, unknown fields included. */
  readRequest(json: unknown): unknown {
    const { input } = this.#described;
    try {
      const message = fromJson(input, json as JsonValue, { registry: this.registry });
      return this.method.requestDeserialize(Buffer.from(toBinary(input, message)));
    } catch (error) {
      throw new RpcError(
        status.INVALID_ARGUMENT,
        `the request is no ${input.name} in JSON: ${causeOf(error)}`,
        { cause: error },
      );
    }
  }

  /** What a handler answers, as a value for JSON.stringify. */
  writeResponse(response: unknown): Record<string, unknown> {
    const { output } = this.#described;
    const message = fromBinary(output, this.method.responseSerialize(response));
    return toJson(output, message, { registry: this.registry }) as Record<string, unknown>;
  }
}
