/**
 * Jest's own patience is for units; here a step may be the start of a program on an emulated processor. $NSGATE_TEST_PATIENCE says how
 * many times slower than usual the kernel may be.
 */
jest.setTimeout(300_000 * Number(process.env.NSGATE_TEST_PATIENCE ?? 1));
