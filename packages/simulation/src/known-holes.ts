/**
 * Promises of the design that the service does not keep yet: what is excused, and why. Each of them turned off finds its
 * failing seeds; whoever closes a hole removes its line and what asks for it.
 */
export const knownHoles = {
  /**
   * A server that cannot reach the store keeps its Attach streams open and answers on them, but renews nothing, while
   * others sweep: its clients lapse and do not know. Here it ends them once it has not swept for a quarter of a lease.
   */
  streamsKeptWithoutStore: true,
};
