/** A disk that fills up while the controller writes its record of changes: nothing is done that is not on record. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { CreatePolicyRequest, type RpcError } from '@nsgate/proto';
import { verifyChain } from '../../controller/src/audit/verify';
import {
  ControllerProcess,
  failingController,
  unary,
  type Clients,
} from '../../controller/src/controller-process.testing';
import { run } from './harness/command';

const controller = new ControllerProcess();
const disk = join(controller.folder, 'disk');
const auditFile = join(disk, 'audit.jsonl');
const filler = join(disk, 'filler');
let operator: Clients;

beforeAll(async () => {
  mkdirSync(disk);
  run('mount', '-t', 'tmpfs', '-o', 'size=4m', 'none', disk);
  await controller.start(undefined, ['--audit-file', auditFile]);
  operator = controller.local();
});
afterAll(async () => {
  operator.close();
  await controller.stop();
  run('umount', disk);
  await controller.remove();
});

/** OK, or why not. */
function create(id: string): Promise<string> {
  const request = CreatePolicyRequest.fromPartial({
    policyId: id,
    policy: { namespaces: { include: ['x'] } },
  });
  return unary((done) => operator.policies.createPolicy(request, done)).then(
    () => 'OK',
    (error: unknown) => `${status[(error as RpcError).code]}: ${(error as RpcError).message}`,
  );
}

function fillUp(): void {
  for (const bytes of [64 << 10, 4096]) {
    try {
      for (;;) writeFileSync(filler, Buffer.alloc(bytes), { flag: 'a' });
    } catch {
      // It is full, as far as pieces of this size go.
    }
  }
}

const onRecord = (): string[] =>
  readFileSync(auditFile, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { result: string; resources: { name: string }[] })
    .filter(({ result }) => result === 'OK')
    .flatMap(({ resources }) => resources.map(({ name }) => name));

it('holds no record back, and then lets nothing be changed until there is space again', async () => {
  const done = ['first'];
  expect(await create('first')).toBe('OK');
  fillUp();
  let last = '';
  for (let i = 0; i < 100 && !last.startsWith('UNAVAILABLE'); i++) {
    last = await create(`full-${i}`);
    if (last === 'OK') done.push(`full-${i}`);
  }
  expect(last).toBe('UNAVAILABLE: nothing can be changed while the audit log cannot be written');
  expect(done.length).toBeGreaterThan(1);
  expect(onRecord()).toEqual(done.map((id) => `policies/${id}`));

  rmSync(filler);
  expect(await create('afterwards')).toBe('OK');
  expect(onRecord().at(-1)).toBe('policies/afterwards');
  expect(verifyChain([auditFile]).first).toBe(1);
});

it('is told by a controller that cannot even begin its record, which does not start', async () => {
  const away = join(disk, 'none', 'audit.jsonl');
  const folder = join(controller.folder, 'other');
  const ended = await failingController(
    ...['--data-dir', folder, '--socket', join(folder, 'socket'), '--audit-file', away],
  );
  expect(ended).toMatchObject({ status: 1, stderr: expect.stringContaining(away) as string });
  expect(existsSync(away)).toBe(false);
});
