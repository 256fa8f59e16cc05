import type { OwnPresence, Presence, Status } from "./presence.ts";
import type { PresenceClientError } from "./presence-client-error.ts";

export interface ConnectCall {
  readonly userId: string;
  readonly deviceId: string;
  /** How long the device has been idle, in milliseconds. Without it the device counts as active while it lives. */
  readonly idleForMs?: number | undefined;
}

export interface HeartbeatCall {
  readonly userId: string;
  readonly deviceId: string;
  /** How long the device has been idle, in milliseconds. Without it activity stays as it was. */
  readonly idleForMs?: number | undefined;
}

export interface DisconnectCall {
  readonly userId: string;
  readonly deviceId: string;
}

export interface SetStatusCall {
  readonly userId: string;
  readonly status: Status;
  /** `MANUAL` by default. `INACTIVITY` goes with AWAY only, and chooses nothing. */
  readonly reason?: "MANUAL" | "INACTIVITY" | undefined;
  /** How long the status and the message last, in milliseconds, more than 0. Without it: no end. */
  readonly expiresInMs?: number | undefined;
  /** At most 280 characters; replaces the last one, also by none. */
  readonly message?: string | undefined;
  /** Without it: the device that was active last. */
  readonly deviceId?: string | undefined;
}

/** A device has come online. */
export interface Connected extends OwnPresence {
  /** Without a sign of life for so long, the device is gone. Milliseconds. */
  readonly leaseTtlMs: number;
  /** How often to send one. Milliseconds. */
  readonly heartbeatIntervalMs: number;
}

/** A sign of life has arrived. */
export interface HeartbeatAnswer extends OwnPresence {
  readonly leaseTtlMs: number;
}

/** What became of one heartbeat of a batch: a status, or an error. */
export type HeartbeatResult = {
  readonly userId: string;
  readonly deviceId: string;
} & ({ readonly status: Status; readonly error?: undefined } | { readonly status?: undefined; readonly error: PresenceClientError });

export interface OverrideCall {
  readonly userId: string;
  readonly status: Status;
  /** How long the status and the message last, in milliseconds, more than 0. Without it: no end. */
  readonly expiresInMs?: number | undefined;
  readonly message?: string | undefined;
  /** Opens a lease of a device `operator` if no device lives. False by default. */
  readonly ensureOnline?: boolean | undefined;
}

/** Which page of which users. */
export interface ListCall {
  /** All by default. */
  readonly statuses?: readonly Status[] | undefined;
  /** Most users of a page; the server's choice by default. */
  readonly pageSize?: number | undefined;
  /** `nextPageToken` of the page before; the first page by default. */
  readonly pageToken?: string | undefined;
}

/** Users in no particular order. A page may be empty and not the last. */
export interface UserPage {
  readonly presences: readonly Presence[];
  /** Undefined after the last page. */
  readonly nextPageToken: string | undefined;
}
