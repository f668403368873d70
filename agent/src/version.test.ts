import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AGENT_VERSION } from './version';

it('the version that the agent reports is that of its package', () => {
  const text = readFileSync(join(__dirname, '../package.json'), 'utf8');
  expect(JSON.parse(text)).toMatchObject({ version: AGENT_VERSION });
});
