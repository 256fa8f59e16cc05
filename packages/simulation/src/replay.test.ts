import type { Presence } from "@presence/domain";
import { type History, replay } from "@presence/domain/history";
import { describe, expect, test } from "vitest";
import { Random } from "./random.ts";
import { type RecordedHistory, recordHistory, type Telling } from "./recorded-history.fixture.ts";

/** What replay can know of a presence: the text of a message is not recorded. */
function known({ status, since, lastSeen, message, version }: Presence) {
  return JSON.stringify({ status, since, lastSeen, message: message !== "", version });
}

/**
 * `certain`: the replay says what the reader was told. `early`: it says what a write made of it that was decided then, and had not
 * arrived yet. `doubtful`: it says that it may be wrong. `silent`: it says nothing.
 */
type Verdict = "certain" | "early" | "doubtful" | "silent" | "wrong";

type Files = RecordedHistory["files"];

function judge(recorded: RecordedHistory, history: History, telling: Telling): Verdict {
  const { presence, at } = telling;
  const answer = history.explain(presence.userId, at);
  if (answer.kind === "unreached") return "silent";
  if (answer.doubts.length > 0) return "doubtful";
  if (known(answer.explanation.presence) === known(presence)) return "certain";
  const underWay = recorded.commits
    .filter(({ commit, answered }) => commit.userId === presence.userId && commit.decidedAt <= at && answered > telling.asked)
    .toSorted((a, b) => a.commit.record.revision - b.commit.record.revision);
  // Some of them may have arrived, in their order.
  const early = underWay.some((_, index) => {
    const before = replay(...without(recorded.files, underWay.slice(index))).explain(presence.userId, at);
    // What was before them may be in no trace, or not for certain.
    if (before.kind === "unreached" || before.doubts.length > 0) return true;
    return known(before.explanation.presence) === known(presence);
  });
  return early ? "early" : "wrong";
}

function without(files: Files, commits: RecordedHistory["commits"]): Files {
  return files.map((lines) =>
    lines.filter((line) => {
      // Only its start is left.
      if (!line.endsWith("}")) return true;
      const { user, record } = JSON.parse(line);
      return !commits.some(({ commit }) => commit.userId === user && commit.record.revision === record?.revision);
    }),
  );
}

/** How often the replay is right about what readers were told. @throws where it is wrong without a doubt */
function compare(recorded: RecordedHistory, sum: Record<Verdict, number>): void {
  const history = replay(...recorded.files);
  for (const telling of recorded.tellings) {
    const verdict = judge(recorded, history, telling);
    sum[verdict]++;
    expect(verdict, `seed ${recorded.seed}: ${JSON.stringify(telling)}`).not.toBe("wrong");
  }
}

const none: Readonly<Record<Verdict, number>> = { certain: 0, early: 0, doubtful: 0, silent: 0, wrong: 0 };

describe("a replay of what the servers of the simulation have recorded, whatever went wrong between them,", () => {
  test("says what every reader was told, or that it cannot know", async () => {
    const sum = { ...none };
    for (let seed = 1; seed <= 100; seed++) {
      const recorded = await recordHistory(seed);
      compare(recorded, sum);
    }
    console.info(`100 histories: ${JSON.stringify(sum)}`);
    const answers = sum.certain + sum.early + sum.doubtful + sum.silent;
    // One that doubts everything would never be wrong.
    expect(sum.certain).toBeGreaterThan(0.6 * answers);
    expect(sum.early).toBeLessThan(0.02 * answers);
  }, 60_000);

  test("says less where lines are lost, and nothing that is wrong", async () => {
    const sum = { ...none };
    for (let seed = 1; seed <= 30; seed++) {
      const recorded = await recordHistory(seed);
      const random = new Random(seed);
      const files = random.oneIn(2) ? withHoles(recorded.files, random) : withoutEnd(recorded.files, random);
      compare({ ...recorded, files }, sum);
    }
    console.info(`30 histories with lost lines: ${JSON.stringify(sum)}`);
    expect(sum.certain).toBeGreaterThan(0);
    expect(sum.doubtful).toBeGreaterThan(sum.certain / 10);
  }, 60_000);

  test("says the same whichever order the files come in, and how often", async () => {
    const { files, tellings } = await recordHistory(7);
    const [one, other] = [replay(...files), replay(...files.toReversed(), ...files)];
    for (const { presence, at } of tellings) expect(other.explain(presence.userId, at)).toEqual(one.explain(presence.userId, at));
  });
});

/** A disk that loses some lines now and then. */
function withHoles(files: Files, random: Random): Files {
  return files.map((lines) => lines.filter(() => !random.oneIn(15)));
}

/** One file stops in the middle of a line. */
function withoutEnd(files: Files, random: Random): Files {
  const short = random.pick(files);
  const length = random.between(1, short.length - 1);
  return files.map((lines) => (lines === short ? [...lines.slice(0, length), lines[length]?.slice(0, 20) ?? ""] : lines));
}
