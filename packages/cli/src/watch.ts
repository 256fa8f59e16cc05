import type { Presence, WatchUpdate } from "@presence/client";
import { renderPresences } from "./render/presence.ts";
import { renderState, renderUpdate } from "./render/watch.ts";
import { onSecondScreen, picture } from "./screen.ts";
import type { Bench } from "./verbs.ts";

/** Whom to follow. */
export type Watched = { readonly users: readonly string[] } | { readonly party: string };

/** A picture at most so often, whatever happens; and so often anyway, since it tells how long ago things were. */
const redrawMs = 100;
const refreshMs = 1_000;

/** Follows users or a party until Ctrl-C: a table that redraws itself on a terminal, one line an event elsewhere. */
export async function watch(bench: Bench, watched: Watched): Promise<void> {
  const { client, signal } = bench;
  const updates = "party" in watched ? client.watchParty(watched.party, { signal }) : client.watchPresence(watched.users, { signal });
  if (bench.look.format === "table") return draw(bench, updates);
  for await (const update of updates) await bench.print(renderUpdate(update, bench.look));
}

async function draw(bench: Bench, updates: AsyncGenerator<WatchUpdate, void>): Promise<void> {
  const view = new View(bench);
  const follow = async () => {
    await view.show();
    const timer = setInterval(() => view.showSoon(), refreshMs);
    try {
      for await (const update of updates) view.take(update);
    } finally {
      clearInterval(timer);
      await view.end();
    }
  };
  await onSecondScreen(bench, () => view.table(), follow);
}

/** What a person sees of a watch. */
class View {
  readonly #bench: Bench;
  readonly #presences = new Map<string, Presence>();
  #state: WatchUpdate | undefined;
  #timer: NodeJS.Timeout | undefined;
  #drawing: Promise<void> = Promise.resolve();

  constructor(bench: Bench) {
    this.#bench = bench;
  }

  take(update: WatchUpdate): void {
    if (update.kind === "snapshot") this.#presences.clear();
    for (const presence of presencesOf(update)) this.#presences.set(presence.userId, presence);
    if (update.kind === "left") this.#presences.delete(update.userId);
    if (update.kind === "stale" || update.kind === "live" || update.kind === "snapshot") this.#state = update;
    this.showSoon();
  }

  /** Draws a little later, so that many changes at once are one picture. */
  showSoon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#drawing = this.#drawing.then(() => this.show());
      // A reader that is gone ends the watch by its next write.
      this.#drawing.catch(() => undefined);
    }, redrawMs);
  }

  async show(): Promise<void> {
    const { look, print } = this.#bench;
    await print(picture(await this.table(), renderState(this.#state, look), this.#bench));
  }

  table(): Promise<string> {
    const { look, now } = this.#bench;
    const presences = [...this.#presences.values()].sort((a, b) => (a.userId < b.userId ? -1 : 1));
    return renderPresences(presences, { ...look, now: now() });
  }

  async end(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#drawing;
  }
}

function presencesOf(update: WatchUpdate): readonly Presence[] {
  if (update.kind === "snapshot") return update.presences;
  return update.kind === "change" || update.kind === "joined" ? [update.presence] : [];
}
