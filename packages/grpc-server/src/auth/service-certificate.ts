import { X509Certificate } from "node:crypto";
import type { Identity } from "./identity.ts";

/** A client certificate that the TLS layer has verified. */
export interface PeerCertificate {
  readonly raw: Buffer;
}

/** Which certificates are services', by exact name among the DNS and URI names of the certificate; never by its common name. */
export class ServiceCertificates {
  readonly #names: ReadonlySet<string>;

  constructor(names: readonly string[]) {
    this.#names = new Set(names.map(comparable));
  }

  /** The service that shows `certificate`; undefined: it is none, and has to be known by something else. */
  identify(certificate: PeerCertificate | undefined): Identity | undefined {
    if (certificate === undefined || this.#names.size === 0) return undefined;
    const x509 = new X509Certificate(certificate.raw);
    if (!alternativeNames(x509.subjectAltName ?? "").some((name) => this.#names.has(comparable(name)))) return undefined;
    return { caller: { userId: undefined, roles: new Set(["service"]) }, expiresAtMs: Date.parse(x509.validTo) };
  }
}

/** DNS and URI names in Node's list, where a name with a comma or a quote in it stands as a JSON string. */
export function alternativeNames(list: string): string[] {
  const entries = list.matchAll(/(?:^|, )([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,]*)/g);
  return [...entries].flatMap(([, kind, name = ""]) => {
    if (kind !== "DNS" && kind !== "URI") return [];
    return [name.startsWith('"') ? String(JSON.parse(name)) : name];
  });
}

// Names of machines are the same in capitals; paths of URIs are not.
function comparable(name: string): string {
  return name.includes("/") ? name : name.toLowerCase();
}
