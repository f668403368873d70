import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ABI, Field, MAGIC, NO_INDEX, SIZE } from './abi';
import { ByteWriter } from './byte-writer';
import type { DeviceFile } from './device-file';
import { KernelRefusal, KernelUnavailable, MalformedReply } from './kernel-error';
import { demandSharedAbi, OpenKernelDevice, openKernelDevice } from './kernel-device';
import type { KernelInfo } from './reply';

/** A device file that answers every request with what a test prepared. */
class FakeDeviceFile implements DeviceFile {
  requests: Buffer[] = [];
  refuseWith: string | undefined;
  reply: (request: Buffer) => Buffer = () => Buffer.alloc(0);

  write(request: Buffer): string | undefined {
    this.requests.push(request);
    return this.refuseWith;
  }

  read(): Buffer {
    return this.reply(this.requests.at(-1)!);
  }

  close(): void {
    this.requests = [];
  }
}

interface ReplyOptions {
  op: number;
  tag: bigint;
  error?: number;
  payload?: Buffer;
}

function reply({ op, tag, error = 0, payload = Buffer.alloc(0) }: ReplyOptions): Buffer {
  const writer = new ByteWriter(SIZE.reply + payload.length).u32(MAGIC).u16(ABI).u16(op);
  writer.u32(SIZE.reply + payload.length).u32(error >>> 0);
  return writer.u64(tag).bytes(payload).buffer;
}

function tagOf(request: Buffer): bigint {
  return request.readBigUInt64LE(16);
}

function refusal(reason: string): Buffer {
  const writer = new ByteWriter(SIZE.refusal).u32(3).u32(7).u32(NO_INDEX).u32(NO_INDEX);
  return writer.u32(Field.RULE_ID).u32(99).bytes(Buffer.from(reason)).buffer;
}

const GENERATION = new ByteWriter(8).u64(5n).buffer;

describe('a request to the device', () => {
  const file = new FakeDeviceFile();
  const device = new OpenKernelDevice(file);

  beforeEach(() => {
    file.requests = [];
    file.refuseWith = undefined;
  });

  it('is one write, and the reply is its answer', () => {
    file.reply = (request) => reply({ op: 2, tag: tagOf(request), payload: GENERATION });
    expect(device.commit([])).toBe(5n);
    expect(file.requests).toHaveLength(1);
  });

  it('that is refused throws what, where and why', () => {
    file.refuseWith = 'EINVAL';
    file.reply = (request) =>
      reply({ op: 2, tag: tagOf(request), error: -22, payload: refusal('the id is taken') });
    const refused = expect(() => device.commit([]));
    refused.toThrow(KernelRefusal);
    refused.toThrow('refused object 3, rule 7, field rule_id: the id is taken (EINVAL)');
  });

  it('that is refused without a reply still throws a refusal with the errno', () => {
    file.refuseWith = 'ENOMEM';
    file.reply = () => Buffer.alloc(0);
    expect(() => device.commit([])).toThrow('refused the request: no reason was given (ENOMEM)');
  });

  it('names an errno of a refusal that only the reply shows', () => {
    file.reply = (request) => reply({ op: 2, tag: tagOf(request), error: -116, payload: refusal('reborn') });
    expect(() => device.commit([])).toThrow('ESTALE');
  });

  it('is not answered by the reply to another request', () => {
    file.reply = (request) => reply({ op: 2, tag: tagOf(request) + 1n, payload: GENERATION });
    expect(() => device.commit([])).toThrow(MalformedReply);
  });

  it('is not answered by a reply whose length is not what came', () => {
    file.reply = (request) => reply({ op: 2, tag: tagOf(request), payload: GENERATION }).subarray(0, -1);
    expect(() => device.commit([])).toThrow(MalformedReply);
  });

  it('is not answered by nothing', () => {
    file.reply = () => Buffer.alloc(0);
    expect(() => device.commit([])).toThrow(MalformedReply);
  });
});

describe('opening the device', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nsgate-device-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('says that the module is not loaded when the device is not there', () => {
    const open = expect(() => openKernelDevice(join(folder, 'nsgate')));
    open.toThrow(KernelUnavailable);
    open.toThrow('module is not loaded');
  });
});

describe('the agreement on an ABI', () => {
  const module = (abiMin: number, abiMax: number) => ({ abiMin, abiMax, version: '9.9.9' }) as KernelInfo;

  it('holds when the agent speaks one that the module answers', () => {
    expect(() => demandSharedAbi(module(ABI, ABI))).not.toThrow();
    expect(() => demandSharedAbi(module(0, ABI + 1))).not.toThrow();
  });

  it('fails with the older side to update', () => {
    expect(() => demandSharedAbi(module(ABI + 1, ABI + 2))).toThrow('update the agent');
    expect(() => demandSharedAbi(module(0, ABI - 1))).toThrow('update the kernel module');
  });
});
