#!/usr/bin/env node
/** What was asked for on the command line. Each command loads what it needs, and no more: some are wanted in a hurry. */
import { stopSignal } from './early-signals';
import './small-heap';
import { ConfigFault, type Config } from './config/config';
import { readCommandLine } from './config/command-line';
import { AGENT_VERSION } from './version';

async function main(): Promise<number> {
  const line = readCommandLine(process.argv.slice(2), AGENT_VERSION);
  if (line === undefined) return 0;
  const print = (text: string): void => void process.stdout.write(`${text}\n`);
  switch (line.command) {
    case 'run':
      return run(line.config);
    case 'check':
      return (await import('./commands/check.js')).check(line.config, print);
    case 'status':
      return (await import('./commands/status.js')).showStatus(line.config, print);
    case 'explain':
      return (await import('./commands/explain.js')).explainPacket(line.config, line.packet, print);
    case 'flush':
      return (await import('./commands/flush.js')).flush(line.config, line.isSure, print);
  }
}

async function run(config: Config): Promise<number> {
  const [{ default: pino }, { Agent }, { demandFolder, demandNetAdmin }, { demandAlone }] = await Promise.all(
    [
      import('pino'),
      import('./agent.js'),
      import('./config/host-facts.js'),
      import('./local-api/local-server.js'),
    ],
  );
  const log = pino({ level: config.logLevel, base: { host: config.hostId } }, pino.destination(2));
  demandNetAdmin();
  await demandAlone(config.socket);
  demandFolder('--state-dir', config.stateDir);
  const agent = new Agent(config, log);
  agent.start();
  const signal = await stopSignal;
  log.info({ signal }, 'stopping; what is enforced stays');
  await agent.stop();
  return 0;
}

main().then(
  (status) => process.exit(status),
  (error: unknown) => {
    const text = error instanceof ConfigFault ? error.message : String((error as Error).stack ?? error);
    process.stderr.write(`nsgate-agent: ${text}\n`);
    process.exit(1);
  },
);
