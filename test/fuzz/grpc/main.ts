/** Entry of `npm run fuzz:grpc`: fuzzes the controller's gRPC surface, from TCP and HTTP/2 frames up to messages. */
import { Command, InvalidArgumentError } from 'commander';
import { fuzz } from './run';

function wholeNumber(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value < 2 ** 31) return value;
  throw new InvalidArgumentError('must be a whole number below 2^31');
}

const { seconds, seed, first } = new Command('fuzz:grpc')
  .description("Fuzzes the controller's gRPC surface with raw HTTP/2 frames and malformed messages.")
  .option('--seconds <number>', 'how long', wholeNumber, 300)
  .option(
    '--seed <number>',
    'what is tried (at random, and told)',
    wholeNumber,
    Math.floor(Math.random() * 2 ** 31),
  )
  .option('--first <number>', 'of the conversations of that seed, the one to begin with', wholeNumber, 0)
  .parse()
  .opts<{ seconds: number; seed: number; first: number }>();

// grpc-js names an endpoint given by address in its TLS hello; Node warns of that (DEP0123).
process.noDeprecation = true;

const say = (text: string): void => void process.stderr.write(`fuzz:grpc: ${text}\n`);
const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

say(`seed ${seed}, ${seconds} s`);
const end = Date.now() + seconds * 1000;
let told = Date.now();
fuzz({
  seed,
  first,
  goesOn: () => Date.now() < end,
  onProgress: (number) => {
    if (Date.now() - told < 10_000) return;
    told = Date.now();
    say(`conversation ${number}`);
  },
}).then(
  ({ conversations, before, after }) => {
    process.stdout.write(
      `${conversations} conversations; held ${mib(before.heldBytes)} before, ${mib(after.heldBytes)} after, ` +
        `resident ${mib(before.residentBytes)} and ${mib(after.residentBytes)}, ` +
        `descriptors ${before.descriptors} and ${after.descriptors}\n`,
    );
    process.exit(0);
  },
  (error: unknown) => {
    say((error as Error).stack ?? String(error));
    process.exit(1);
  },
);
