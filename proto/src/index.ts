/** The wire: generated messages and services of nsgate.v1, and the helpers that both sides need. */
export * from '../gen/nsgate/v1/policy';
export * from '../gen/nsgate/v1/address_set';
export * from '../gen/nsgate/v1/resource';
export * from '../gen/nsgate/v1/fleet';
export * from '../gen/nsgate/v1/stats';
export * from '../gen/nsgate/v1/agent_stream';
export { agentPolicyDigest, encodeAgentPolicy, ruleKey } from './agent-policy';
export * from '../gen/nsgate/v1/access';
export * from '../gen/nsgate/v1/audit';
export * from '../gen/nsgate/v1/enrollment';
export { Backoff, type BackoffOptions } from './backoff';
export {
  identityFromSubjectAltName,
  identityUri,
  LOCAL_TRUST_DOMAIN,
  type NamedPeer,
  type PeerIdentity,
} from './peer-identity';
export { RpcError, type ErrorReason, type FieldViolation, type RpcErrorOptions } from './rpc-error';
export { clientCredentials, credentialsFromTexts, type TlsFiles, type TlsTexts } from './tls-files';
