import { status } from "@grpc/grpc-js";
import { PresenceError } from "@presence/domain";
import { translations } from "../errors/translations.ts";
import type { AroundRequest } from "../streams/attach-session.ts";
import type { Metrics } from "./metrics.ts";

/** Counts and times the requests on Attach streams, as if each were a call of its own. */
export function measuredAttach({ attachDuration }: Metrics): AroundRequest {
  return async (request, run) => {
    const startedAt = performance.now();
    const done = (code: status) => attachDuration.observe({ request, code: status[code] }, (performance.now() - startedAt) / 1_000);
    try {
      const response = await run();
      done(status.OK);
      return response;
    } catch (error) {
      done(translations[PresenceError.from(error).code].status);
      throw error;
    }
  };
}
