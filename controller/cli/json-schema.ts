/** The JSON Schema of resource files, made of the API's own description: what editors complete and check YAML by. */
import { ScalarType, type DescEnum, type DescField, type DescMessage } from '@bufbuild/protobuf';
import { commentOf, messageDescription } from './api-description';
import { GIVEN_BY_CONTROLLER, KINDS } from './resource-file';

type Schema = Record<string, unknown>;

const INTEGERS: ReadonlySet<ScalarType | undefined> = new Set([
  ScalarType.INT32,
  ScalarType.SINT32,
  ScalarType.UINT32,
]);
const TEXT: Schema = { type: ['string', 'integer'] };
const DRAFT = 'https://json-schema.org/draft/2020-12/schema';

/** The schema of one document of a file. */
export function resourceSchema(): Schema {
  const definitions: Schema = {};
  const documents = KINDS.map((kind) => documentSchema(kind, definitions));
  return { $schema: DRAFT, title: 'nsgate resources', oneOf: documents, $defs: definitions };
}

function documentSchema(kind: (typeof KINDS)[number], definitions: Schema): Schema {
  const description = messageDescription(kind);
  const schema = messageSchema(description, definitions);
  const given = Object.fromEntries(
    GIVEN_BY_CONTROLLER.map((name) => [name, { description: 'Given by the controller; ignored.' }]),
  );
  const members = { type: 'array', items: { type: 'string' }, description: 'Prefixes, such as 10.0.0.0/8.' };
  const properties = {
    kind: { const: kind },
    ...(schema.properties as Schema),
    ...given,
    ...(kind === 'AddressSet' && { members }),
  };
  return { ...schema, properties, required: ['kind', 'name'] };
}

function messageSchema(description: DescMessage, definitions: Schema): Schema {
  const properties = description.fields.map((field) => {
    const schema = fieldSchema(field, definitions);
    return [field.jsonName, { ...schema, description: commentOf(field) }] as const;
  });
  return {
    type: 'object',
    description: commentOf(description),
    properties: Object.fromEntries(properties),
    additionalProperties: false,
  };
}

function fieldSchema(field: DescField, definitions: Schema): Schema {
  if (field.fieldKind === 'list') return { type: 'array', items: valueSchema(field, definitions) };
  if (field.fieldKind === 'map')
    return { type: 'object', additionalProperties: valueSchema(field, definitions) };
  return valueSchema(field, definitions);
}

function valueSchema(field: DescField, definitions: Schema): Schema {
  if (field.enum !== undefined) return enumSchema(field.enum);
  if (field.message !== undefined) return reference(field.message, definitions);
  if (field.scalar === ScalarType.BOOL) return { type: 'boolean' };
  return INTEGERS.has(field.scalar) ? { type: 'integer' } : TEXT;
}

/** Names in short and in full. */
function enumSchema({ values, sharedPrefix }: DescEnum): Schema {
  const names = values.map(({ name }) => name).filter((name) => !name.endsWith('_UNSPECIFIED'));
  const short = names.map((name) => name.slice((sharedPrefix ?? '').length));
  return { enum: [...short, ...names] };
}

function reference(description: DescMessage, definitions: Schema): Schema {
  const { name } = description;
  if (!Object.hasOwn(definitions, name)) {
    definitions[name] = {};
    definitions[name] = messageSchema(description, definitions);
  }
  return { $ref: `#/$defs/${name}` };
}
