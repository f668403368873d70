/** A short run of `npm run fuzz:grpc`, the same each time. */
import { fuzz } from './run';

// What is spent on peers that are gone comes back within a minute.
jest.setTimeout(300_000);

it('a controller that is told anything over HTTP/2 lives, serves others, and gives back what it spent', async () => {
  // Where the process once aborted, and connections were left open.
  const outcome = await fuzz({ seed: 1, first: 3560, goesOn: (count) => count < 600 });
  expect(outcome.conversations).toBe(800);
});
