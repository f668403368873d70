/** Which kernel module is loaded. */
import type { KernelDevice } from './kernel-device';
import { KernelUnavailable } from './kernel-error';

/** Empty while it is not loaded, or cannot be talked to. */
export function moduleVersion(openKernel: () => KernelDevice): string {
  try {
    const kernel = openKernel();
    try {
      return kernel.opening.version;
    } finally {
      kernel.close();
    }
  } catch (error) {
    if (error instanceof KernelUnavailable) return '';
    throw error;
  }
}
