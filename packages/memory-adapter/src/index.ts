export { type MemoryAdapter, type MemoryAdapterOptions, memoryAdapter } from "./memory-adapter.ts";
export { MemoryPartyDirectory } from "./memory-party-directory.ts";
export { MemoryPresenceStore } from "./memory-presence-store.ts";
export { type MemorySession, MemorySessionDirectory } from "./memory-session-directory.ts";
