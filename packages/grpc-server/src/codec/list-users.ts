import { PresenceError, type Status } from "@presence/domain";
import type { ListUsersRequest } from "@presence/proto";
import { parseStatus } from "./status.ts";

const defaultPageSize = 100;
const maxPageSize = 1_000;

export interface ListUsersCall {
  readonly cursor: string | undefined;
  readonly limit: number;
  readonly statuses: readonly Status[];
}

/** @throws PresenceError `INVALID_ARGUMENT`. A page token is the store's own, and the store's to refuse. */
export function toListUsersCall({ pageSize, pageToken, statuses }: ListUsersRequest): ListUsersCall {
  if (pageSize < 0 || pageSize > maxPageSize)
    throw PresenceError.invalid("page_size", `is ${pageSize}; it must be from 0 (${defaultPageSize}) to ${maxPageSize}`);
  return {
    cursor: pageToken === "" ? undefined : pageToken,
    limit: pageSize === 0 ? defaultPageSize : pageSize,
    statuses: statuses.map((status, index) => parseStatus(status, `statuses[${index}]`)),
  };
}
