/** The lock on every door: each method of each service that is served asks for a role, and for the right one. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as api from '@nsgate/proto';
import type { ServiceDefinition } from '@grpc/grpc-js';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { buildDescriptions } from '../controller-process.testing';
import { readMethodRules } from './method-rules';

let descriptors: Buffer;
beforeAll(() => {
  buildDescriptions();
  descriptors = readFileSync(join(__dirname, '../../../proto/dist/nsgate.binpb'));
});

const served = Object.entries(api)
  .filter(([name]) => name.endsWith('ServiceService'))
  .flatMap(([, service]) => Object.values(service as ServiceDefinition).map(({ path }) => path));

describe('every method that is served', () => {
  it('asks for a role', () => {
    const rules = readMethodRules(descriptors);
    expect(served.length).toBeGreaterThan(40);
    expect(served.filter((path) => rules.get(path) === undefined)).toEqual([]);
  });

  it('is on record when it changes something, and is for readers when it does not', () => {
    const rules = readMethodRules(descriptors);
    const reads = /\/(Get|List|Watch|Diff|Preview|Wait|Explain|Stream|Query)[A-Z]?/;
    for (const path of served) {
      const rule = rules.get(path);
      if (path === '/nsgate.v1.AgentStreamService/Connect')
        expect(rule).toEqual({ role: 'host', audited: false });
      else if (path === '/nsgate.v1.AuditService/WatchAudit')
        expect(rule).toEqual({ role: 'admin', audited: false });
      else if (reads.test(path)) expect([path, rule]).toEqual([path, { role: 'viewer', audited: false }]);
      else
        expect([path, rule?.audited, rule?.role]).toEqual([path, true, expect.not.stringMatching('viewer')]);
    }
  });

  it('does not come to be without one: a description with a method that has none is refused by name', () => {
    const set = fromBinary(FileDescriptorSetSchema, descriptors);
    const file = set.file.find(({ name }) => name === 'nsgate/v1/stats.proto');
    const method = file?.service[0]?.method[0];
    if (method === undefined) throw new Error('there is no such method');
    delete method.options;
    const bytes = toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file: set.file }));
    expect(() => readMethodRules(bytes)).toThrow('no role is required of /nsgate.v1.StatsService/');
  });
});
