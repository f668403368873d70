import { PacketTail } from './packet-tail';

it('the tail of packets holds the newest, newest first, and no more than it should', () => {
  const tail = new PacketTail(3);
  for (let port = 1; port <= 10; port++) tail.add({ sourcePort: port });
  expect(tail.newest().map(({ sourcePort, number }) => [sourcePort, number])).toEqual([
    [10, 10],
    [9, 9],
    [8, 8],
  ]);
  tail.clear();
  expect(tail.newest()).toEqual([]);
});
