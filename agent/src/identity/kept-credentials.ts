/** Credentials of the host's certificates, made anew only when those are others: it costs more than the rest of a try to connect. */
import { isDeepStrictEqual } from 'node:util';
import type { ChannelCredentials } from '@grpc/grpc-js';
import { credentialsFromTexts } from '@nsgate/proto';
import type { TlsMaterial } from './identity-files';

export class KeptCredentials {
  #made: { from: TlsMaterial; credentials: ChannelCredentials } | undefined;

  of(material: TlsMaterial): ChannelCredentials {
    if (this.#made === undefined || !isDeepStrictEqual(this.#made.from, material)) {
      const { ca, ...own } = material;
      this.#made = { from: material, credentials: credentialsFromTexts({ ca, own }) };
    }
    return this.#made.credentials;
  }
}
