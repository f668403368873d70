/**
 * How large the heap of the process may become between two collections of all garbage. V8 lets it grow by a tenth only while much is
 * allocated outside of it, and then goes through everything that lives again and again: a host that sends the largest messages made it do so
 * ten times a second, 20 ms each, and every other host waited.
 */
import { setFlagsFromString } from 'node:v8';

/** To twice what lives. V8 itself allows up to four times of that where garbage is little. */
const GROWTH_PERCENT = 100;

/** To be called before much lives. */
export function letHeapGrow(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`);
}
