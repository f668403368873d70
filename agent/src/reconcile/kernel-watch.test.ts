import { FakeKernel } from '../kernel-device/fake-kernel.testing';
import { describeKernel, KernelWatch } from './kernel-watch';

describe('watching the kernel module', () => {
  let kernel: FakeKernel;
  let seen: string | undefined;
  let changes: number;
  let watch: KernelWatch;

  const look = (): string => describeKernel(kernel.open().info());

  beforeEach(() => {
    jest.useFakeTimers();
    kernel = new FakeKernel();
    seen = look();
    changes = 0;
    watch = new KernelWatch({
      openKernel: kernel.open,
      intervalMs: 500,
      seen: () => seen,
      onChange: () => (changes += 1),
    });
    watch.start();
  });

  afterEach(() => {
    watch.stop();
    jest.useRealTimers();
  });

  it.each<[string, () => void]>([
    ['was reloaded', () => kernel.reload()],
    ['was unloaded', () => (kernel.loaded = false)],
    ['was told something by another program', () => (kernel.generation += 1n)],
  ])('tells within half a second, once, that it %s', (_case, change) => {
    change();
    jest.advanceTimersByTime(500);
    expect(changes).toBe(1);
    jest.advanceTimersByTime(5000);
    expect(changes).toBe(1);
  });

  it('tells when it is loaded again', () => {
    kernel.loaded = false;
    jest.advanceTimersByTime(500);
    seen = 'absent';
    kernel.loaded = true;
    kernel.reload();
    jest.advanceTimersByTime(500);
    expect(changes).toBe(2);
  });

  it('does not tell of what the agent itself has done', () => {
    kernel.addNamespace(10);
    kernel.generation += 1n;
    seen = look();
    jest.advanceTimersByTime(5000);
    expect(changes).toBe(0);
  });
});
