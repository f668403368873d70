#!/usr/bin/env node
/** nsgate: the operator's command line. */
import { CommanderError } from 'commander';
import { withoutSecrets } from '../src/identity/without-secrets';
import type { CommandContext } from './command-context';
import { commandLine } from './command-line';
import { connect, type ConnectionOptions } from './connection';
import { configPath, readContext } from './context-file';
import { describeError } from './error-text';
import { EXIT_CODES, exitCodeOf } from './exit-code';
import { ResourceFileError } from './resource-file';

type GlobalOptions = ConnectionOptions & { readonly context?: string; readonly config?: string };

const program = commandLine(withContext);
for (const command of [program, ...program.commands, ...program.commands.flatMap((one) => one.commands)]) {
  command.exitOverride().configureOutput({ outputError: (text, write) => write(withoutSecrets(text)) });
}

/** A controller that is named on the command line stands in place of the whole context. */
function connectionOptions(): ConnectionOptions {
  const {
    context = process.env.NSGATE_CONTEXT,
    config = configPath(),
    ...given
  } = program.opts<GlobalOptions>();
  const named = given.socket !== undefined || given.endpoint !== undefined;
  return named ? given : { ...readContext(context, config), ...given };
}

async function withContext(run: (context: CommandContext) => Promise<void>): Promise<void> {
  const connection = connect(connectionOptions());
  const { stdout, stderr, env } = process;
  try {
    await run({
      connection,
      print: (line) => line !== '' && stdout.write(`${line}\n`),
      note: (line) => stderr.write(`${line}\n`),
      colours: stdout.isTTY && env.NO_COLOR === undefined,
      interactive: stderr.isTTY,
    });
  } finally {
    connection.close();
  }
}

// Who reads may have seen enough, as head(1) has: nobody is left to tell.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

// grpc-js names an endpoint given by address in its TLS hello; Node warns of that (DEP0123), and users cannot help it.
process.noDeprecation = true;

program.parseAsync().catch((error: unknown) => {
  if (error instanceof CommanderError) {
    // It has told already what is wrong; help and version are no error.
    process.exitCode = error.exitCode === 0 ? 0 : EXIT_CODES.usage.code;
    return;
  }
  const text = withoutSecrets(describeError(error));
  // Lines that begin with file:line:column are for editors to follow.
  const prefix = error instanceof ResourceFileError ? '' : 'nsgate: ';
  if (text !== '') process.stderr.write(`${prefix}${text}\n`);
  process.exitCode = exitCodeOf(error);
});
