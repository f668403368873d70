/** What `npm start` takes on its command line. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { resolve } from 'node:path';

export interface DemoOptions {
  /** Where the demo's host is. */
  host: 'vm' | 'local';
  /** Observe everything, then stop. */
  once: boolean;
  /** Absolute path of the folder for certificates, the store, the socket and logs. */
  dataDir: string;
  /** TCP port of the controller, on loopback. */
  port: number;
  /** TCP port of the web page, on loopback. */
  webPort: number;
}

/** Reads the command line; ends the process with a message when it is wrong, or asks for help. */
export function parseDemoOptions(argv: readonly string[]): DemoOptions {
  const program = new Command('npm start --')
    .description(
      'Run nsgate end to end: a controller, a host with an agent, a policy, and traffic that meets it.',
    )
    .addOption(
      new Option('--host <where>', 'a virtual machine (nothing of this machine is touched), or this machine')
        .choices(['vm', 'local'])
        .default('vm'),
    )
    .option('--once', 'stop once everything was observed; exit with 0 only if it was', false)
    .option('--data-dir <folder>', 'certificates, store, socket and logs', 'data')
    .option('--port <number>', 'TCP port of the controller, on loopback', parsePort, 7443)
    .option('--web-port <number>', 'TCP port of the web page, on loopback', parsePort, 8443)
    .allowExcessArguments(false)
    .parse(argv, { from: 'user' });
  const options = program.opts<DemoOptions>();
  return { ...options, dataDir: resolve(options.dataDir) };
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 65535)
    throw new InvalidArgumentError('A port is 1 to 65535.');
  return port;
}
