/**
 * Promises of the design that the service does not keep yet: what is excused, and why. Each of them turned off finds its
 * failing seeds; whoever closes a hole removes its line and what asks for it.
 */
export const knownHoles = {
  /**
   * A server finds lost writes by its own last tick only. One that has ticked last before the instant to which the store
   * went back, or never, answers as if nothing were lost until another one ticks.
   */
  lossUnnoticed: true,
  /** Where the store forgets that a device has come back after it had left, its heartbeats are refused as those of one that left. */
  returnLost: true,
  /** Only a server that has told a version itself commits a higher one after lost writes; a watcher that has moved sees lower ones. */
  versionToldElsewhere: true,
  /** The time in which every OFFLINE is withheld goes by although nobody watches and nobody can be heard: as designed, a pause does not begin it anew. */
  blindEndsInPause: true,
  /**
   * A second window replaces the first. Whoever was not swept before is seen by his plain deadlines then: he who was told
   * OFFLINE since the end of the first one is so since earlier, with a lower version, and he who was told ONLINE because
   * of it is AWAY with the same one.
   */
  windowForgotten: true,
  /**
   * A write that was decided before a deadline lands after it, when somebody has been told already what that deadline
   * changed: it takes that back with a lower version. Here such a write is stale, as it should be.
   */
  decidedBeforeDeadline: true,
  /**
   * After lost writes a window may begin only a gap from now. Until then a bound record that a server restores is ended,
   * because its session hash was lost with it. Here whoever holds a stream has no session.
   */
  restoredWithoutSession: true,
  /**
   * A server that cannot reach the store keeps its Attach streams open and answers on them, but renews nothing, while
   * others sweep: its clients lapse and do not know. Here it ends them once it has not swept for a quarter of a lease.
   */
  streamsKeptWithoutStore: true,
};
