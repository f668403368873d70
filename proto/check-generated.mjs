/** Fails if the committed generated code is not what `npm run generate` makes of the .proto files. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const proto = dirname(fileURLToPath(import.meta.url));
const fresh = mkdtempSync(join(tmpdir(), 'nsgate-generated-'));
try {
  execFileSync('npx', ['--no-install', 'buf', 'generate', '--output', fresh], {
    cwd: proto,
    stdio: 'inherit',
  });
  execFileSync('diff', ['-r', join(proto, 'gen'), join(fresh, 'gen')], { stdio: 'inherit' });
} catch {
  process.stderr.write(
    'proto/gen is not what the .proto files make: run `npm run generate` and commit the result\n',
  );
  process.exitCode = 1;
} finally {
  rmSync(fresh, { recursive: true });
}
