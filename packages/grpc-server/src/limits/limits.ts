/** What one process grants its peers. */
export interface Limits {
  /** Connections to one address of this server. */
  readonly connections: number;
  /** Calls and streams that are open at once on one connection. */
  readonly streamsPerConnection: number;
  /** Calls, and requests on attached streams, of one user. */
  readonly callsPerSecond: number;
  readonly messageBytes: number;
  readonly headerBytes: number;
  /** After about so long a connection is to be opened anew, so that load moves to servers that came later; undefined: never. */
  readonly connectionAgeMs: number | undefined;
}
