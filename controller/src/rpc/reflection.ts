/** What server reflection shows: the files as `buf build` made them, so that their documentation is there too. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Server } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { causeOf, StartupError } from '../startup-error';

type PackageDefinition = ConstructorParameters<typeof ReflectionService>[0];

/** Where `npm run build` puts the descriptors of the API and of grpc.health.v1 (google.protobuf.FileDescriptorSet). */
export function builtDescriptorPaths(): [nsgate: string, health: string] {
  const folder = join(dirname(require.resolve('@nsgate/proto/package.json')), 'dist');
  return [join(folder, 'nsgate.binpb'), join(folder, 'health.binpb')];
}

/** Reads the files of a FileDescriptorSet; StartupError when it cannot be read. */
export function readDescriptors(path: string): Buffer[] {
  return splitFileDescriptorSet(readDescriptorSet(path));
}

/** Reads a FileDescriptorSet; StartupError when it cannot be read. */
export function readDescriptorSet(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new StartupError(
      `cannot read the API description ${path} (npm run build makes it): ${causeOf(error)}`,
      {
        cause: error,
      },
    );
  }
}

/** Serves grpc.reflection.v1 and v1alpha over these files. */
export function addReflection(server: Server, fileDescriptorProtos: Buffer[]): void {
  const definition = { files: { format: '', type: {}, fileDescriptorProtos } };
  new ReflectionService(definition as PackageDefinition).addToServer(server);
}

/** FileDescriptorSet is `repeated FileDescriptorProto file = 1` and nothing else. */
function splitFileDescriptorSet(bytes: Buffer): Buffer[] {
  const files: Buffer[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (bytes[at] !== 0x0a) throw new Error('it is not a FileDescriptorSet');
    const { value, end } = readVarint(bytes, at + 1);
    if (end + value > bytes.length) throw new Error('it is cut short');
    files.push(bytes.subarray(end, end + value));
    at = end + value;
  }
  return files;
}

function readVarint(bytes: Buffer, start: number): { value: number; end: number } {
  let value = 0;
  for (let i = 0; i < 5; i++) {
    const byte = bytes[start + i] ?? 0;
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return { value, end: start + i + 1 };
  }
  throw new Error('it is not a FileDescriptorSet');
}
