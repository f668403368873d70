/** Runs a program of the system to its end. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** Runs `argv`; an Error holds the command and what it said on standard error. */
export async function run(...argv: [string, ...string[]]): Promise<string> {
  const [program, ...rest] = argv;
  try {
    return (await execute(program, rest)).stdout;
  } catch (error) {
    const said = (error as { stderr?: string }).stderr?.trim();
    throw new Error(
      `${argv.join(' ')}: ${said === undefined || said === '' ? (error as Error).message : said}`,
      {
        cause: error,
      },
    );
  }
}

/** Whether `argv` exits with 0. */
export async function succeeds(...argv: [string, ...string[]]): Promise<boolean> {
  return run(...argv).then(
    () => true,
    () => false,
  );
}
