/** Link address of the device at which packets arrive; locally administered. */
export const linkAddress = '02:00:00:00:00:01';
