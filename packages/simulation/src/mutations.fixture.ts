import { advanceClock, longAgo, millis, type PresenceSource, type UserId, type Window } from "@presence/domain";
import { type ClockRule, designedRule } from "./clock-rule.ts";
import type { WorldOptions } from "./world.ts";

type Advance = ClockRule["advance"];

/** One way to break what the simulation is there to prove. */
export interface Mutation {
  readonly name: string;
  readonly options: WorldOptions;
  /** Where the search begins: a little before the first seed that was seen to catch it, where that takes a while. */
  readonly from?: number;
}

/** The clock with its new window changed; a window that stands is left alone. */
function windowWith(change: (window: Window, ...args: Parameters<Advance>) => Window | undefined): Advance {
  return (...args) => {
    const next = designedRule.advance(...args);
    if (next.window === undefined || next.window === args[0]?.window) return next;
    return { ...next, window: change(next.window, ...args) };
  };
}

function rule(changes: Partial<ClockRule>): WorldOptions {
  return { rule: { ...designedRule, ...changes } };
}

/** A source that reads each user once and says the same for ever. */
function readOnce(source: PresenceSource): PresenceSource {
  const first = new Map<UserId, Awaited<ReturnType<PresenceSource["read"]>>[number]>();
  return {
    async read(userIds) {
      const answers = await source.read(userIds);
      return userIds.flatMap((userId, index) => {
        const answer = first.get(userId) ?? answers[index];
        if (answer === undefined) return [];
        first.set(userId, answer);
        return [answer];
      });
    },
    outrun: (userId, version) => source.outrun(userId, version),
  };
}

/** The rule of watched time and the watch hub, broken in one way each. */
export const mutations: readonly Mutation[] = [
  { name: "a gap of 5 s, however short the lease", options: rule({ gapMs: () => 5_000 }) },
  { name: "no age check of the clock", options: rule({ checksAge: false }) },
  {
    name: "a window from the last tick, not from a gap later",
    options: rule({
      advance: windowWith((window, stored) => (stored && window.from > stored.tick ? { ...window, from: stored.tick } : window)),
    }),
    from: 150,
  },
  {
    name: "no lease more after a pause",
    options: rule({ advance: windowWith((window, _stored, time) => ({ ...window, until: millis(Math.max(time, window.from)) })) }),
  },
  { name: "no window at all", options: rule({ advance: windowWith(() => undefined) }) },
  {
    name: "lost writes are not noticed",
    options: rule({
      advance: (stored, time, remembered, policy) =>
        designedRule.advance(stored, time, { ...remembered, kept: true, otherRun: false }, policy),
    }),
  },
  {
    name: "no time in which OFFLINE is withheld after lost writes",
    options: rule({ advance: (...args) => ({ ...advanceClock(...args), blindUntil: longAgo }) }),
  },
  { name: "no tick first after a new connection", options: rule({ ticksAfterReconnect: false }) },
  { name: "a hub without an audit", options: { hub: { auditMs: Number.POSITIVE_INFINITY } } },
  { name: "a hub that does not read again after a gap", options: { hub: { source: readOnce } } },
];
