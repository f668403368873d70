/** The API as its .proto files describe it, documentation included: what files of resources are read and documented by. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  createFileRegistry,
  fromBinary,
  type DescField,
  type DescEnumValue,
  type DescMessage,
  type FileRegistry,
} from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

let loaded: FileRegistry | undefined;

/** A message of nsgate.v1 by its name. */
export function messageDescription(name: string): DescMessage {
  loaded ??= createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(descriptorPath())));
  const found = loaded.getMessage(`nsgate.v1.${name}`);
  if (found === undefined) throw new Error(`the API has no message ${name}`);
  return found;
}

/** What stands above it in the .proto, as one paragraph. */
export function commentOf(described: DescMessage | DescField | DescEnumValue): string {
  const file = described.kind === 'message' ? described.file : described.parent.file;
  const path = pathOf(described);
  const location = file.proto.sourceCodeInfo?.location.find(
    (one) => one.path.length === path.length && one.path.every((step, i) => step === path[i]),
  );
  return (location?.leadingComments ?? '')
    .split('\n')
    .map((line) => line.trim())
    .join(' ')
    .trim();
}

/** Where `npm run build` puts it (google.protobuf.FileDescriptorSet). */
function descriptorPath(): string {
  return join(dirname(require.resolve('@nsgate/proto/package.json')), 'dist/nsgate.binpb');
}

/** As SourceCodeInfo.Location names it: field numbers and indexes from the file down. */
function pathOf(described: DescMessage | DescField | DescEnumValue): number[] {
  const MESSAGES_OF_FILE = 4;
  const ENUMS_OF_FILE = 5;
  const MEMBERS = 2;
  if (described.kind === 'message') return [MESSAGES_OF_FILE, described.file.messages.indexOf(described)];
  if (described.kind === 'enum_value') {
    const { parent } = described;
    return [ENUMS_OF_FILE, parent.file.enums.indexOf(parent), MEMBERS, parent.values.indexOf(described)];
  }
  return [...pathOf(described.parent), MEMBERS, described.parent.fields.indexOf(described)];
}
