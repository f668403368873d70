/**
 * What the same load costs where nothing is done with it: a gRPC server that lets every agent in, takes its messages as bytes and forgets
 * them. A process of its own, which sends its port and ends with the one that started it.
 */
import { readFileSync } from 'node:fs';
import { Server, ServerCredentials, type MethodDefinition, type ServerDuplexStream } from '@grpc/grpc-js';
import { AgentStreamServiceService, type ConnectResponse } from '@nsgate/proto';

const connect: MethodDefinition<Buffer, ConnectResponse> & { requestStream: true; responseStream: true } = {
  ...AgentStreamServiceService.connect,
  requestSerialize: (bytes) => bytes,
  requestDeserialize: (bytes) => bytes,
};

function greet(call: ServerDuplexStream<Buffer, ConnectResponse>): void {
  call.once('data', () => {
    call.write({ message: { $case: 'welcome', value: { controllerVersion: 'sink' } } });
    call.write({ message: { $case: 'inSync', value: { revision: 1n } } });
    call.resume();
  });
  call.on('error', () => undefined);
}

const [cert_chain, private_key, ca] = process.argv.slice(2).map((path) => readFileSync(path));
if (cert_chain === undefined || private_key === undefined) throw new Error('sink: CERT KEY CA');
const server = new Server();
server.addService({ connect }, { connect: greet });
const credentials = ServerCredentials.createSsl(ca ?? null, [{ cert_chain, private_key }], true);
server.bindAsync('127.0.0.1:0', credentials, (error, port) => {
  if (error !== null) throw error;
  process.send?.({ port });
});
process.on('disconnect', () => process.exit(0));
