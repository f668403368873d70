import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileWatch } from './file-watch';

describe('a watched file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nsgate-watch-'));
  const path = join(folder, 'file');
  afterAll(() => rmSync(folder, { recursive: true }));
  const passed = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

  it('is told of once it has settled, and not while it is being written', async () => {
    writeFileSync(path, 'a');
    let told = 0;
    const watch = new FileWatch([path], () => (told += 1), 20);
    writeFileSync(path, '');
    await passed(60);
    writeFileSync(path, 'a');
    await passed(300);
    expect(told).toBe(0);
    writeFileSync(path, 'b');
    await passed(400);
    expect(told).toBe(1);
    watch.close();
  });
});
