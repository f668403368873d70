// Bundles the web page into controller/dist/web: pages, and assets whose names hold a hash of their content.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const controller = dirname(fileURLToPath(import.meta.url));
const source = join(controller, 'web');
const target = join(controller, 'dist/web');

/** The bundled content of `entry`.
 * @param {string} entry
 */
async function bundle(entry) {
  const { outputFiles } = await build({
    entryPoints: [join(source, entry)],
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: ['chrome110', 'firefox115', 'safari16'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
    logLevel: 'warning',
  });
  return outputFiles[0]?.contents ?? new Uint8Array();
}

/** Writes the asset and gives its path on the server.
 * @param {string} name
 * @param {Uint8Array} content
 */
function writeAsset(name, content) {
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 12);
  const extension = extname(name);
  const file = `${basename(name, extension)}-${hash}${extension}`;
  replaceFile(join(target, 'assets', file), content);
  return `/assets/${file}`;
}

/** At once: tests that run at the same time read it, or write it too.
 * @param {string} path
 * @param {string | Uint8Array} content
 */
function replaceFile(path, content) {
  const fresh = `${path}.${process.pid}.part`;
  writeFileSync(fresh, content);
  renameSync(fresh, path);
}

mkdirSync(join(target, 'assets'), { recursive: true });
const paths = {
  app: writeAsset('app.js', await bundle('src/main.tsx')),
  style: writeAsset('style.css', await bundle('src/style.css')),
  icon: writeAsset('icon.svg', readFileSync(join(source, 'src/icon.svg'))),
};
for (const page of ['index.html', 'login.html']) {
  let text = readFileSync(join(source, 'src', page), 'utf8');
  for (const [name, path] of Object.entries(paths)) text = text.replaceAll(`{{${name}}}`, path);
  replaceFile(join(target, page), text);
}
const current = new Set(Object.values(paths).map((path) => basename(path)));
for (const file of readdirSync(join(target, 'assets'))) {
  if (!current.has(file) && !file.endsWith('.part')) rmSync(join(target, 'assets', file), { force: true });
}
