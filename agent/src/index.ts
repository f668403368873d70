/** What others in this repository may use of the agent: its client of the kernel module. */
export * from './kernel-device';
