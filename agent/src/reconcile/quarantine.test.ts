import { FakeKernel } from '../kernel-device/fake-kernel.testing';
import { Setting } from '../kernel-device';
import { Quarantine } from './quarantine';

describe('a namespace in quarantine', () => {
  const kernel = new FakeKernel();
  kernel.open().commit([{ type: 'setting', setting: Setting.QUARANTINE, value: 1n }]);
  kernel.addNamespace(10);
  kernel.addNamespace(11);
  const listing = kernel.open().list();
  const names = (named: number[], wanted: number[]) => ({ named: new Set(named), wanted: new Set(wanted) });

  it('is let go at once when it has a name that no policy selects', () => {
    const quarantine = new Quarantine({ releaseAfterMs: undefined, now: () => 0 });
    expect(quarantine.releasable(listing, names([10, 11], [11]))).toEqual(new Set([10]));
    expect(quarantine.dueInMs).toBeUndefined();
  });

  it('is kept without a name, if that is how the host is set', () => {
    const quarantine = new Quarantine({ releaseAfterMs: undefined, now: () => 1e9 });
    expect(quarantine.releasable(listing, names([], []))).toEqual(new Set());
  });

  it('is let go when it has had no name for the time that is set', () => {
    let now = 1000;
    const quarantine = new Quarantine({ releaseAfterMs: 5000, now: () => now });
    expect(quarantine.releasable(listing, names([11], [11]))).toEqual(new Set());
    expect(quarantine.dueInMs).toBe(5000);
    now = 5999;
    expect(quarantine.releasable(listing, names([11], [11]))).toEqual(new Set());
    expect(quarantine.dueInMs).toBe(1);
    now = 6000;
    expect(quarantine.releasable(listing, names([11], [11]))).toEqual(new Set([10]));
  });

  it('waits anew when it had a name in between', () => {
    let now = 0;
    const quarantine = new Quarantine({ releaseAfterMs: 5000, now: () => now });
    quarantine.releasable(listing, names([], []));
    now = 4000;
    quarantine.releasable(listing, names([10], [10]));
    now = 6000;
    expect(quarantine.releasable(listing, names([], []))).toEqual(new Set([11]));
  });
});
