/** Who may look at the demo's web page: whoever has the token that is printed, which the access file holds the hash of. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { STATIC_TOKEN_PREFIX } from '../../controller/src/identity/static-tokens';
import { hashSecret, newSecret } from '../../controller/src/identity/token-hash';

export interface WebAccess {
  /** Path of the access file. */
  readonly file: string;
  readonly token: string;
}

/** With a new token every time. The operator's certificate stays an administrator's. */
export function makeWebAccess(dataDir: string): WebAccess {
  const file = join(dataDir, 'access.yaml');
  const token = `${STATIC_TOKEN_PREFIX}${newSecret()}`;
  const text = [
    '# Written by npm start.',
    'bindings:',
    "  - { role: admin, principals: ['cert:admin'] }",
    "  - { role: viewer, principals: ['token:browser'] }",
    'tokens:',
    `  - { name: browser, sha256: ${hashSecret(token)} }`,
    '',
  ];
  writeFileSync(file, text.join('\n'), { mode: 0o600 });
  return { file, token };
}
