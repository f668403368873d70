/** A controller that says what a test tells it to. */
import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import { AgentStreamServiceService, type ConnectRequest, type ConnectResponse } from '@nsgate/proto';

export type Stream = ServerDuplexStream<ConnectRequest, ConnectResponse>;
type Said = NonNullable<ConnectRequest['message']>;
type SaidValues = { [Message in Said as Message['$case']]: Message['value'] };
type Answer = NonNullable<ConnectResponse['message']>;

/** Lets a test send bytes that are no message. */
const SERVICE = {
  connect: {
    ...AgentStreamServiceService.connect,
    responseSerialize: (value: ConnectResponse | Buffer): Buffer =>
      Buffer.isBuffer(value) ? value : AgentStreamServiceService.connect.responseSerialize(value),
  },
};

export class TestController {
  readonly heard: Said[] = [];
  streams: Stream[] = [];
  /** Runs when a stream's Hello has come. */
  onHello: (stream: Stream) => void = (stream) => welcome(stream);
  #server = new Server();

  async start(port = 0): Promise<number> {
    this.#server = new Server();
    this.#server.addService(SERVICE, {
      connect: (stream: Stream) => this.#connect(stream),
    });
    return new Promise((resolve, reject) => {
      this.#server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, bound) => {
        if (error === null) resolve(bound);
        else reject(error);
      });
    });
  }

  stop(): void {
    this.#server.forceShutdown();
  }

  say(message: Answer): void {
    this.streams.at(-1)?.write({ message });
  }

  all<Case extends keyof SaidValues>(kind: Case): SaidValues[Case][] {
    const wanted = this.heard.filter(({ $case }) => $case === kind);
    return wanted.map(({ value }) => value as SaidValues[Case]);
  }

  #connect(stream: Stream): void {
    this.streams.push(stream);
    stream.on('error', () => undefined);
    stream.on('end', () => stream.end());
    stream.on('data', ({ message }: ConnectRequest) => {
      if (message === undefined) return;
      this.heard.push(message);
      if (message.$case === 'hello') this.onHello(stream);
    });
  }
}

export function welcome(stream: Stream): void {
  stream.write({ message: { $case: 'welcome', value: { controllerVersion: '1' } } });
}
