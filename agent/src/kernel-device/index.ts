/** The kernel module's device: its codec, and a client over plain file calls. */
export * from './abi';
export type * from './request';
export type * from './reply';
export { KernelRefusal, KernelUnavailable, MalformedReply, type RefusalDetail } from './kernel-error';
export {
  encodeClassify,
  encodeCommit,
  encodeInfo,
  encodeList,
  encodeStats,
  objectSize,
} from './encode-request';
export { rulesetDigest } from './encode-ruleset';
export { DEFAULT_DEVICE_PATH, openKernelDevice, type KernelDevice } from './kernel-device';
