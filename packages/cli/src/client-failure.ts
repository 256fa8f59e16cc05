import type { PresenceClientError } from "@presence/client";
import { formatDuration } from "./duration.ts";
import { Failure } from "./failure.ts";

/** What the contract's fields are called here. */
const words: Readonly<Record<string, string>> = {
  user_id: "the user",
  party_id: "the party",
  expires_in: "--for",
  message: "--message",
  page_size: "--limit",
  statuses: "--status",
  tlsCa: "PRESENCE_TLS_CA",
  tlsCert: "PRESENCE_TLS_CLIENT_CERT",
  tlsKey: "PRESENCE_TLS_CLIENT_KEY",
};

/** What a failed call means to the user of the command, and what he can do. */
export function clientFailure(error: PresenceClientError, server: string): Failure {
  const failed = (message: string, hint?: string) => new Failure(1, message, hint, error);
  switch (error.code) {
    case "INVALID_ARGUMENT":
      return new Failure(2, refusal(error), undefined, error);
    case "UNAVAILABLE":
      return error.retryAfterMs === undefined
        ? noServer(error, server)
        : failed(`the server cannot answer now: ${error.message}`, `try again in ${formatDuration(Math.max(1_000, error.retryAfterMs))}`);
    case "DEADLINE_EXCEEDED":
      return failed(
        `the server at ${server} does not answer in time`,
        "a change may have happened all the same; look with presence get, then try again",
      );
    case "UNAUTHENTICATED":
      return failed(`the server wants to know who asks: ${error.message}`, "set PRESENCE_USER and PRESENCE_TOKEN");
    case "PERMISSION_DENIED":
      return failed(`not allowed: ${error.message}`, "PRESENCE_USER must name a user who may do this");
    case "UNIMPLEMENTED":
      return failed(`the server at ${server} does not know this call`, "see that it is a presence server, and as new as this command");
    case "INTERNAL":
    case "UNKNOWN":
      return failed(`the server failed: ${error.message}`, "its log says more");
    default:
      return failed(`${error.message} (${error.code})`);
  }
}

/** Which of many users a call was refused for, in his own name rather than by number; undefined where it failed otherwise. */
export function refusedUser(error: unknown, users: readonly string[]): Failure | undefined {
  if (!(error instanceof Error) || !("violations" in error)) return undefined;
  for (const { field, description } of (error as PresenceClientError).violations) {
    const user = users[Number(/^user_ids\[(\d+)\]$/.exec(field)?.[1])];
    if (user !== undefined) return new Failure(2, `the user '${user}' ${description}`, undefined, error);
  }
  return undefined;
}

function refusal({ violations, message }: PresenceClientError): string {
  if (violations.length === 0) return message.replace(/\btls[A-Z]\w+/g, (option) => words[option] ?? option);
  return violations.map(({ field, description }) => `${words[field] ?? field} ${description}`).join("; ");
}

const tlsHint =
  "PRESENCE_TLS_CA must name the authority of a server that speaks TLS, PRESENCE_TLS_CLIENT_CERT and _KEY your certificate where it asks for one";

// What the transport says is for programmers; its words tell the cases apart well enough to give the right hint.
function noServer(error: PresenceClientError, server: string): Failure {
  const failed = (message: string, hint: string) => new Failure(1, message, hint, error);
  if (/certificate|SSL routines/i.test(error.message)) {
    return failed(`no secure connection to ${server} can be made`, tlsHint);
  }
  if (/ECONNREFUSED|Name resolution failed/.test(error.message)) {
    return failed(`no server answers at ${server}`, "start one with script/server, or name another with --server");
  }
  return failed(`the server at ${server} has hung up`, `try again; if it wants TLS: ${tlsHint}`);
}
