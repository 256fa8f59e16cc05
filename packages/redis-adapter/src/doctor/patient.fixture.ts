import { randomUUID } from "node:crypto";
import { parseDeviceId, parseUserId, type UserId } from "@presence/domain";
import type { RunningRedis } from "@presence/redis-fixture";
import { login, type ServiceOnRedis, serviceOnRedis } from "../service-on-redis.fixture.ts";
import { examineRedis } from "./examine-redis.ts";
import type { Finding, Level } from "./finding.ts";
import type { ExamineSettings } from "./options.ts";

/** A Redis in use, and somebody to look at it. */
export interface Patient extends ServiceOnRedis {
  readonly userIds: readonly UserId[];
  /** By their names. */
  examine(options?: ExamineSettings): Promise<ReadonlyMap<string, Finding>>;
}

/** Something that goes wrong, and how it is found. */
export interface Harm {
  readonly told: string;
  harm(patient: Patient): Promise<unknown>;
  /** The check that finds it. */
  readonly check: string;
  readonly level: Level;
  readonly found: RegExp;
  readonly options?: ExamineSettings;
}

/** Some users with a session each, connected by a server that sweeps, under keys of their own. */
export async function patient(redis: RunningRedis, users = 3): Promise<Patient> {
  const name = randomUUID().slice(0, 8);
  const templates = { sessionKey: `${name}:session:%s`, keyPrefix: `${name}:presence:` };
  const onRedis = await serviceOnRedis(redis, templates);
  const { service, keys, others } = onRedis;
  const userIds = Array.from({ length: users }, (_, index) => parseUserId(`user-${index}`));
  for (const userId of userIds) {
    await others.multi().hset(keys.session(userId), login).expire(keys.session(userId), 60).exec();
    await service.connect({ userId, deviceId: parseDeviceId("phone") });
  }
  await service.sweep();
  return { ...onRedis, userIds, examine: async (options) => byName(await examineRedis({ url: redis.url, ...templates, ...options })) };
}

export function byName(findings: readonly Finding[]): ReadonlyMap<string, Finding> {
  return new Map(findings.map((finding) => [finding.name, finding]));
}
