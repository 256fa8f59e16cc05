export type { AttachUpdate, WatchTargets } from "./attach/attach-update.ts";
export type { Attachment, CloseOptions } from "./attach/attachment.ts";
export type {
  ConnectCall,
  Connected,
  DisconnectCall,
  HeartbeatAnswer,
  HeartbeatCall,
  HeartbeatResult,
  ListCall,
  OverrideCall,
  SetStatusCall,
  UserPage,
} from "./calls.ts";
export type { Device, Explanation, NextChange, SessionInfo, Stats } from "./explanation.ts";
export { type Claim, type OwnPresence, type Party, type Presence, type Status, type StatusCounts, statuses } from "./presence.ts";
export type { PresenceAdminClient } from "./presence-admin-client.ts";
export { createPresenceClient, type PresenceClient, type PresenceClientOptions, type WatchOptions } from "./presence-client.ts";
export { type FieldViolation, PresenceClientError, type PresenceClientErrorCode } from "./presence-client-error.ts";
export type { WatchUpdate } from "./presence-watch.ts";
export type { RetryPolicy } from "./retry-policy.ts";
export type { TlsFiles, Token } from "./unary-caller.ts";
export type { WatchBackoff } from "./watch-backoff.ts";
