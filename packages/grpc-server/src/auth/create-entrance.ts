import { AccessPolicy } from "@presence/domain";
import type { Backend } from "../backend.ts";
import type { AuthConfig, Config } from "../config.ts";
import { type Authenticator, trusting } from "./authenticator.ts";
import { Entrance } from "./entrance.ts";
import { JwtAuthenticator } from "./jwt-authenticator.ts";
import { ServiceCertificates } from "./service-certificate.ts";
import { SessionAuthenticator } from "./session-authenticator.ts";

/** The entrance that the settings ask for. */
export function createEntrance({ auth, tls, limits }: Config, { sessions, parties }: Pick<Backend, "sessions" | "parties">): Entrance {
  // Where everyone may do everything a certificate would only take rights away.
  const serviceNames = auth.kind === "none" ? [] : (tls?.serviceNames ?? []);
  return new Entrance({
    authenticator: authenticatorOf(auth, sessions),
    certificates: new ServiceCertificates(serviceNames),
    policy: new AccessPolicy(parties),
    limits,
  });
}

function authenticatorOf(auth: AuthConfig, sessions: Backend["sessions"]): Authenticator {
  switch (auth.kind) {
    case "none":
      return trusting;
    case "session":
      return new SessionAuthenticator(sessions);
    case "jwt":
      return new JwtAuthenticator(auth);
  }
}
