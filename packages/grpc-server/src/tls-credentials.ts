import { ServerCredentials } from "@grpc/grpc-js";

/** How this server shows itself, and whom it believes. All in PEM. */
export interface TlsConfig {
  readonly certificate: string;
  readonly key: string;
  /** Who signs clients' certificates; undefined: clients are not asked for any. */
  readonly clientCa: string | undefined;
  /** DNS and URI names in the certificates of services. */
  readonly serviceNames: readonly string[];
}

const handshakeMs = 10_000;

/** TLS from 1.2 on. grpc-js itself either demands a certificate of every client, or asks for none. */
export class TlsCredentials extends ServerCredentials {
  /** @param required every client must have a certificate; else only those that have no token */
  constructor({ certificate, key, clientCa }: TlsConfig, required: boolean) {
    const asked = clientCa !== undefined;
    super(
      { requestCert: asked, rejectUnauthorized: asked && required, handshakeTimeout: handshakeMs, minVersion: "TLSv1.2" },
      { cert: certificate, key, ...(asked ? { ca: clientCa } : {}) },
    );
  }

  override _equals(other: ServerCredentials): boolean {
    return other === this;
  }
}
