import { ResourceMirror } from './resource-mirror';

const put = (name: string, resource: number): { kind: 'put'; name: string; resource: number } => ({
  kind: 'put',
  name,
  resource,
});

describe('what is shown of a watch', () => {
  it('is nothing before the first snapshot is whole, and then follows', () => {
    const mirror = new ResourceMirror<number>();
    mirror.open(false);
    mirror.apply(put('b', 1));
    mirror.apply(put('a', 2));
    expect([mirror.isComplete, mirror.list()]).toEqual([false, []]);
    mirror.apply({ kind: 'in-sync' });
    expect([mirror.isComplete, mirror.list()]).toEqual([true, [2, 1]]);
    mirror.apply({ kind: 'removed', name: 'a' });
    expect(mirror.list()).toEqual([1]);
  });

  it('stays while a new snapshot comes, and then loses what is not in it', () => {
    const mirror = new ResourceMirror<number>();
    mirror.open(false);
    mirror.apply(put('a', 1));
    mirror.apply({ kind: 'in-sync' });
    mirror.open(false);
    mirror.apply(put('b', 2));
    expect(mirror.list()).toEqual([1]);
    mirror.apply({ kind: 'in-sync' });
    expect(mirror.list()).toEqual([2]);
  });

  it('goes on from where it was when the stream is resumed', () => {
    const mirror = new ResourceMirror<number>();
    mirror.open(false);
    mirror.apply(put('a', 1));
    mirror.apply({ kind: 'in-sync' });
    mirror.open(true);
    mirror.apply(put('b', 2));
    expect(mirror.list()).toEqual([1, 2]);
  });
});
