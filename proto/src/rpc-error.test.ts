import { Metadata, status } from '@grpc/grpc-js';
import { RpcError } from './rpc-error';

describe('RpcError', () => {
  const violations = [
    { field: 'policy.rules[0].match.sources[1]', description: 'is no prefix' },
    { field: 'policy.namespaces.include', description: 'needs an entry' },
  ];

  it('says the first violation in its message and counts the others', () => {
    const error = RpcError.invalidArgument(violations);
    expect(error.code).toBe(status.INVALID_ARGUMENT);
    expect(error.message).toBe('policy.rules[0].match.sources[1]: is no prefix (and 1 more)');
  });

  it('brings violations over the wire', () => {
    const received = RpcError.fromServiceError(RpcError.invalidArgument(violations).toServiceError());
    expect(received.violations).toEqual(violations);
  });

  it('brings a reason with its values over the wire', () => {
    const sent = new RpcError(status.ABORTED, 'stale etag', {
      reason: { reason: 'ETAG_MISMATCH', metadata: { etag: '"7"' } },
    });
    const received = RpcError.fromServiceError(sent.toServiceError());
    expect(received.reason).toMatchObject({ reason: 'ETAG_MISMATCH', metadata: { etag: '"7"' } });
  });

  it('sends no details trailer when there are none', () => {
    const { metadata } = new RpcError(status.NOT_FOUND, 'policies/a').toServiceError();
    expect(metadata.getMap()).toEqual({});
  });

  it('keeps the status when the details trailer is garbage', () => {
    const metadata = new Metadata();
    metadata.set('grpc-status-details-bin', Buffer.from('ffffffffff', 'hex'));
    const garbled = Object.assign(new Error('x'), { code: status.INTERNAL, details: 'boom', metadata });
    const received = RpcError.fromServiceError(garbled);
    expect(received).toMatchObject({ code: status.INTERNAL, message: 'boom', violations: [] });
  });
});
