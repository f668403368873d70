import pino from 'pino';
import { constants } from 'node:os';
import type { KernelEvent } from '../kernel-device';
import { FakeKernel } from '../kernel-device/fake-kernel.testing';
import { Field, KernelRefusal } from '../kernel-device';
import { KernelEvents } from './kernel-events';

describe('the events of the kernel', () => {
  let kernel: FakeKernel;
  let heard: KernelEvent[];
  let events: KernelEvents;
  const kinds = (): string[] => heard.map(({ type, inode }) => `${type} ${inode}`);
  const signal = (): void => void process.emit('SIGURG', 'SIGURG');

  beforeEach(() => {
    kernel = new FakeKernel();
    heard = [];
    events = new KernelEvents({
      openKernel: kernel.open,
      log: pino({ level: 'silent' }),
      onEvents: (some) => heard.push(...some),
    });
    events.start();
  });
  afterEach(() => events.stop());

  it('are read when the signal comes, each once, and no device stays open', () => {
    kernel.addNamespace(10);
    signal();
    kernel.removeNamespace(10);
    kernel.addNamespace(10);
    signal();
    signal();
    expect(kinds()).toEqual(['born 10', 'died 10', 'born 10']);
    expect(kernel.openDevices).toBe(0);
  });

  it('are asked for with a signal that harms nobody', () => {
    expect(kernel.signals).toEqual([constants.signals.SIGURG]);
  });

  it('go on after the module was loaded again', () => {
    kernel.addNamespace(10);
    signal();
    kernel.reload();
    events.renew(kernel.instance);
    expect(kernel.signals.length).toBeGreaterThan(1);
    kernel.addNamespace(11);
    signal();
    expect(kinds()).toContain('born 11');
  });

  it('are waited for by nobody while the module is away', () => {
    kernel.loaded = false;
    signal();
    kernel.loaded = true;
    const { length } = kernel.signals;
    events.renew(kernel.instance);
    expect(kernel.signals.length).toBe(length + 1);
    events.renew(kernel.instance);
    expect(kernel.signals.length).toBe(length + 1);
  });

  it('are not asked for again of a module that tells of none', () => {
    events.stop();
    let asked = 0;
    const silent = new KernelEvents({
      openKernel: () => ({
        ...kernel.open(),
        events: () => {
          asked += 1;
          throw new KernelRefusal({ errno: 'EOPNOTSUPP', field: Field.NONE, reason: 'not served' });
        },
      }),
      log: pino({ level: 'silent' }),
      onEvents: (some) => heard.push(...some),
    });
    silent.start();
    silent.renew(kernel.instance);
    signal();
    silent.stop();
    expect(asked).toBe(1);
  });
});
