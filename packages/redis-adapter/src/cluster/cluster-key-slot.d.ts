declare module "cluster-key-slot" {
  /** The slot of a key: that of its hash tag, if it has one. */
  function calculateSlot(key: string): number;
  export = calculateSlot;
}
