/** The CA as it stands now, and the files that the controller's TLS is made of. */
import { CertificateAuthority, ownAuthorityFiles, type AuthorityFiles } from './certificate-authority';

/** Where certificates come from. */
export type AuthoritySource =
  /** Certificate and key of a site's CA; without the key, nothing can be signed here. */
  | {
      readonly kind: 'site';
      readonly ca: string;
      readonly cert: string;
      readonly key: string;
      readonly caKey?: string | undefined;
    }
  /** A CA of the controller's own, and the names under which it serves. */
  | { readonly kind: 'own'; readonly names: readonly string[] };

/** Paths of PEM files. */
export interface ServingFiles {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export class LiveAuthority {
  #current: CertificateAuthority | undefined;

  private constructor(
    readonly files: ServingFiles,
    private readonly signing: AuthorityFiles | undefined,
    private readonly own: { readonly folder: string; readonly names: readonly string[] } | undefined,
    current: CertificateAuthority | undefined,
  ) {
    this.#current = current;
  }

  /** `folder`: of the controller's own CA. An Error says what is wrong with the files. */
  static async open(source: AuthoritySource, folder: string): Promise<LiveAuthority> {
    if (source.kind === 'site') {
      const { ca, cert, key, caKey } = source;
      const signing = caKey === undefined ? undefined : { cert: ca, key: caKey, served: cert };
      return new LiveAuthority(
        { ca, cert, key },
        signing,
        undefined,
        signing && (await CertificateAuthority.open(signing)),
      );
    }
    const authority = await CertificateAuthority.openOwn(folder);
    const server = await authority.serverFiles(folder, source.names);
    const own = ownAuthorityFiles(folder);
    const { names } = source;
    return new LiveAuthority({ ca: own.cert, ...server }, own, { folder, names }, authority);
  }

  /** Undefined when nothing can be signed here. */
  get current(): CertificateAuthority | undefined {
    return this.#current;
  }

  /** What is looked at for changes. */
  get watched(): string[] {
    const { ca, cert, key } = this.files;
    return [ca, cert, key, ...(this.signing === undefined ? [] : [this.signing.key])];
  }

  /** Makes the certificate that the controller serves by anew, where it is our own and near its end: to be called daily. */
  async refresh(): Promise<void> {
    if (this.own !== undefined) await this.#current?.serverFiles(this.own.folder, this.own.names);
  }

  /** Reads the CA again; an Error says what is wrong, and what was read before goes on. */
  async reload(): Promise<void> {
    if (this.signing !== undefined) this.#current = await CertificateAuthority.open(this.signing);
  }
}
