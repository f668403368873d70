/** `npm start`: shows nsgate at work on one host, and stops without a trace. See `npm start -- --help`. */
import { Listr, type ListrTask } from 'listr2';
import { Demo, type Audience } from './demo';
import { parseDemoOptions, type DemoOptions } from './options';

type Step = (demo: Demo, audience: Audience) => Promise<void>;

function step(demo: Demo, title: string, run: Step): ListrTask {
  return {
    title,
    rendererOptions: { persistentOutput: true },
    task: (_context, task) => {
      const news = (text: string): void => {
        task.output = text;
      };
      // Where there is no terminal to redraw, every word stays: tell only what happened.
      return run(demo, { news, standing: process.stdout.isTTY ? news : () => undefined });
    },
  };
}

function steps(demo: Demo, options: DemoOptions): ListrTask[] {
  const where = options.host === 'vm' ? 'a virtual machine' : 'this machine';
  return [
    step(demo, 'Start the controller', (d, audience) => d.startController(audience)),
    step(demo, `Bring up a host: ${where}`, (d, audience) => d.startHost(audience)),
    step(demo, 'See all traffic pass', (d, audience) => d.observeBefore(audience)),
    step(demo, 'Apply the policy', (d, audience) => d.applyPolicy(audience)),
    step(demo, 'See the policy act, and its counters rise', (d, audience) => d.observeUnder(audience)),
  ];
}

function list(tasks: ListrTask[]): { run: () => Promise<unknown> } {
  return new Listr<unknown>(tasks, { registerSignalListeners: false, fallbackRenderer: 'simple' });
}

async function show(demo: Demo, options: DemoOptions, interrupted: Promise<unknown>): Promise<void> {
  const all = list(steps(demo, options)).run();
  const first = await Promise.race([
    all.then(() => 'shown' as const),
    interrupted.then(() => 'interrupted' as const),
  ]);
  if (first === 'interrupted') {
    all.catch(() => undefined); // The step that was interrupted fails when its parts are stopped.
    if (options.once) throw new Error('interrupted');
    return;
  }
  process.stdout.write(`\n${demo.report()}\n`);
  if (options.once) return;
  const title = 'Running: Ctrl-C stops everything and cleans up';
  await list([step(demo, title, (d, audience) => d.runUntil(interrupted, audience))]).run();
}

function interruption(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve());
  });
}

/** A terminal that was closed must not keep us from cleaning up: what cannot be shown any more is let go. */
function surviveClosedTerminal(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}

async function main(): Promise<void> {
  surviveClosedTerminal();
  const options = parseDemoOptions(process.argv.slice(2));
  const demo = new Demo(options);
  try {
    await show(demo, options, interruption());
  } catch (error) {
    process.stderr.write(`npm start: failed: ${(error as Error).message}\n`);
    process.exitCode = 1;
  }
  const left = await demo.stop();
  if (left !== undefined) {
    process.stderr.write(`npm start: could not stop cleanly: ${left}\n`);
    process.exitCode = 1;
  }
  process.stdout.write(process.exitCode === 1 ? '' : 'All was seen and everything is stopped.\n');
  process.exit();
}

void main();
