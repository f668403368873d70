/** The other end of many connections, on which nothing is said. A process of its own, which sends its port and ends with the one that started it. */
import { createServer, type AddressInfo } from 'node:net';

const server = createServer((socket) => socket.on('error', () => undefined).resume());
server.listen({ port: 0, host: '127.0.0.1', backlog: 1024 }, () => {
  process.send?.({ port: (server.address() as AddressInfo).port });
});
process.on('disconnect', () => process.exit(0));
