/** The pages and what they load, as `npm run build` made them: read once, served from memory. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import { extname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { causeOf, StartupError } from '../startup-error';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Where `npm run build` puts them: in controller/dist/web, seen from the source and from what is compiled. */
export function builtPagesFolder(): string {
  const controller = __dirname.replace(/\/(?:dist\/)?src\/web$/, '');
  return join(controller, 'dist/web');
}

interface StaticFile {
  readonly type: string;
  readonly plain: Buffer;
  readonly packed: Buffer;
}

export class StaticFiles {
  /** By file name. */
  readonly #assets: ReadonlyMap<string, StaticFile>;
  readonly #app: StaticFile;
  /** The login page's source, for login-page.ts. */
  readonly login: string;

  /** StartupError when the pages have not been built. */
  constructor(folder: string) {
    try {
      const assets = join(folder, 'assets');
      this.#assets = new Map(readdirSync(assets).map((name) => [name, readStatic(join(assets, name))]));
      this.#app = readStatic(join(folder, 'index.html'));
      this.login = readFileSync(join(folder, 'login.html'), 'utf8');
    } catch (error) {
      const why = `cannot read the web pages in ${folder} (npm run build makes them): ${causeOf(error)}`;
      throw new StartupError(why, { cause: error });
    }
  }

  /** What the login page loads too: known to everybody. */
  isPublic(name: string): boolean {
    return /^(?:style|icon)-/.test(name);
  }

  /** A name holds a hash of the content, so that it may be kept for ever. False when there is no such file. */
  sendAsset(name: string, request: Http2ServerRequest, response: Http2ServerResponse): boolean {
    const file = this.#assets.get(name);
    if (file === undefined) return false;
    send(file, { request, response, cacheControl: 'private, max-age=31536000, immutable' });
    return true;
  }

  sendApp(request: Http2ServerRequest, response: Http2ServerResponse): void {
    send(this.#app, { request, response, cacheControl: 'no-store' });
  }
}

function readStatic(path: string): StaticFile {
  const plain = readFileSync(path);
  return {
    type: TYPES[extname(path)] ?? 'application/octet-stream',
    plain,
    packed: gzipSync(plain, { level: 9 }),
  };
}

interface Sending {
  readonly request: Http2ServerRequest;
  readonly response: Http2ServerResponse;
  readonly cacheControl: string;
}

function send({ type, plain, packed }: StaticFile, { request, response, cacheControl }: Sending): void {
  const accepts = /\bgzip\b/.test(request.headers['accept-encoding'] ?? '');
  const body = accepts ? packed : plain;
  response.writeHead(200, {
    'content-type': type,
    'content-length': body.length,
    'cache-control': cacheControl,
    vary: 'accept-encoding',
    ...(accepts ? { 'content-encoding': 'gzip' } : {}),
  });
  response.end(request.method === 'HEAD' ? '' : body);
}
