/** Calls of methods by their paths, for tests that go through them. */
import type { Client, MethodDefinition, ServiceError } from '@grpc/grpc-js';
import * as api from '@nsgate/proto';
import type { Clients } from '../controller-process.testing';

const METHODS = new Map(
  Object.entries(api)
    .filter(([name]) => name.endsWith('ServiceService'))
    .flatMap(([, service]) => Object.values(service as Record<string, MethodDefinition<object, unknown>>))
    .map((method) => [method.path, method]),
);

/** Calls a unary method; rejects with the error that it ends in. */
export function callMethod(path: string, clients: Clients, request: object): Promise<unknown> {
  const method = METHODS.get(path);
  if (method === undefined) throw new Error(`${path} is not generated`);
  const { responseDeserialize } = method;
  // No message at all is one without fields.
  const isEmpty = Object.keys(request).length === 0;
  const requestSerialize = isEmpty ? () => Buffer.alloc(0) : method.requestSerialize;
  const client: Client = clients.fleet;
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      (error: ServiceError | null, answer) => (error === null ? resolve(answer) : reject(error)),
    );
  });
}
