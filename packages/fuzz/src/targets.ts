import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tokenSecret } from "@presence/redis-fixture";
import { Target } from "./target.ts";

// What attackers have written is forgotten quickly: it is not how much memory a store takes that is asked here.
const forgetful = {
  PRESENCE_LEASE_TTL: "3s",
  PRESENCE_HEARTBEAT: "1s",
  PRESENCE_GRACE: "1s",
  PRESENCE_RETENTION: "3s",
  PRESENCE_MAX_CONNECTION_AGE: "20s",
  // Nor how much open calls take, about 40 kB each: that is for this limit to say, and how many connections there may be.
  PRESENCE_MAX_STREAMS: "100",
};

/** One server that lets everyone in, so that bytes reach what lies behind, and one that knows its callers. */
export async function startTargets(): Promise<readonly Target[]> {
  const dir = mkdtempSync(join(tmpdir(), "presence-fuzz-"));
  const key = join(dir, "key");
  writeFileSync(key, tokenSecret);
  try {
    return [
      await Target.start("open to all", forgetful),
      await Target.start("with tokens", { ...forgetful, PRESENCE_AUTH: "jwt", PRESENCE_JWT_KEY: key }),
    ];
  } finally {
    rmSync(dir, { recursive: true });
  }
}
