// What a test on a kernel found wrong, in a line for a person.

/** A step that did not hold on a kernel; everything else that is thrown is a fault of the test itself. */
export class TestFailure extends Error {
  override readonly name = 'TestFailure';

  /**
   * @param message what failed
   * @param log the file with all that the step said
   */
  constructor(
    message: string,
    readonly log: string,
  ) {
    super(`${message}; see ${log}`);
  }
}
