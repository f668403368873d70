/** What is seen of statistics on a command line, against a controller of which no host has reported yet. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { buildController, ControllerProcess, nsgate, type Ended } from '../src/controller-process.testing';

jest.setTimeout(120_000);

const controller = new ControllerProcess();

beforeAll(async () => {
  buildController();
  await controller.start();
});
afterAll(() => controller.remove());

const run = (...args: string[]): Promise<Ended> => nsgate('--socket', controller.socket, ...args);

describe('statistics on the command line', () => {
  it.each([
    [['stats'], 'there are no counts'],
    [['stats', '--rates'], 'there are no counts'],
    [['stats', '--rates', '-n', '5', '--by', 'rule'], 'there are no counts'],
    [['unused'], 'there are no unused rules'],
  ])('%j ends where nothing is counted', async (args, told) => {
    expect(await run(...args)).toEqual({ status: 0, stdout: `${told}\n`, stderr: '' });
  });

  it.each([
    [['unused', '-o', 'name'], ''],
    [['unused', '-o', 'json'], '[]\n'],
    [['stats', '-o', 'yaml'], ''],
  ])('%j gives scripts nothing', async (args, told) => {
    expect(await run(...args)).toMatchObject({ status: 0, stdout: told });
  });

  it('packets: says so when there are none, and only to people', async () => {
    const { status, stdout, stderr } = await run('packets');
    expect([status, stdout]).toEqual([0, '']);
    expect(stderr).toContain('there are no such samples');
  });

  it('top: tells the time at every look, also where nothing is counted', async () => {
    const { stdout } = await run('top', '--count', '3', '--interval', '0.1');
    expect(stdout.match(/^\d{4}-.*every 0\.1 s\nthere are no counts$/gm)).toHaveLength(3);
  });

  it('top: ends without a word when its reader has seen enough', async () => {
    const main = join(__dirname, '../dist/cli/main.js');
    const args = ['--socket', controller.socket, 'top', '--interval', '0.1'];
    const top = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let complaints = '';
    top.stderr.on('data', (text: Buffer) => (complaints += text.toString()));
    await once(top.stdout, 'data');
    top.stdout.destroy();
    const [status] = (await once(top, 'close')) as [number];
    expect([status, complaints]).toEqual([0, '']);
  });

  it.each([
    [['packets', '--port', '0'], '--port'],
    [['packets', '--port', '80,http'], '--port'],
    [['packets', '--last', '0'], '--last'],
    [['packets', '--verdict', 'maybe'], '--verdict'],
    [['top', '--interval', '0'], '--interval'],
    [['top', '-n', '1.5'], '--limit'],
    [['stats', '--by', 'nothing'], '--by'],
    [['unused', '--since', '1w'], '--since'],
  ])('%j is refused by the name of the option', async (args, option) => {
    const { status, stdout, stderr } = await run(...args);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain(option);
  });
});
