/** Jest's own patience is for units; here a step may be the start of a program on an emulated processor. */
jest.setTimeout(300_000);
