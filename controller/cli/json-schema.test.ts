import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildDescriptions } from '../src/controller-process.testing';
import { resourceSchema } from './json-schema';

describe('the published JSON Schema', () => {
  beforeAll(buildDescriptions);

  it('is what the .proto files make (npm run generate:schema)', () => {
    const published = readFileSync(join(__dirname, '../schema/resources.schema.json'), 'utf8');
    expect(JSON.parse(published)).toEqual(resourceSchema());
  });

  it('knows the fields of rules, and what they mean', () => {
    const { $defs } = resourceSchema() as {
      $defs: Record<string, { properties: Record<string, { description: string }> }>;
    };
    expect(Object.keys($defs.Match?.properties ?? {})).toContain('notSourceSets');
    expect($defs.Rule?.properties.hook).toMatchObject({ description: 'Where the rule acts.' });
  });
});
