// A failure that the person at the keyboard can do something about; shown as one line, without a stack.

export class SetupError extends Error {
  /**
   * @param {string} message what failed, and what to do
   * @param {number} [status] the exit status, 1 unless given
   */
  constructor(message, status = 1) {
    super(message);
    this.name = 'SetupError';
    /** @readonly */
    this.status = status;
  }
}
