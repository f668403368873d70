import { PacketTail } from './packet-tail';

const lengths = (tail: PacketTail): (number | undefined)[] => tail.shown().map(({ length }) => length);

it('shows the newest, newest first, and no more than it is to keep', () => {
  const tail = new PacketTail(3);
  for (let length = 1; length <= 10; length++) tail.add({ length });
  expect(lengths(tail)).toEqual([10, 9, 8]);
  expect(tail.shown().map(({ number }) => number)).toEqual([10, 9, 8]);
});

it('begins anew with a stream, and does not use a number twice', () => {
  const tail = new PacketTail(3);
  tail.add({ length: 1 });
  tail.addLost(5);
  tail.clear();
  tail.add({ length: 2 });
  expect([lengths(tail), tail.lost, tail.shown()[0]?.number]).toEqual([[2], 0, 2]);
});

it('shows the same while it is paused, and counts what comes', () => {
  const tail = new PacketTail(3);
  tail.add({ length: 1 });
  tail.pause();
  tail.add({ length: 2 });
  tail.add({ length: 3 });
  expect([lengths(tail), tail.waiting]).toEqual([[1], 2]);
  tail.follow();
  expect([lengths(tail), tail.waiting]).toEqual([[3, 2, 1], 0]);
});
