import { setTimeout as sleep } from "node:timers/promises";
import type { ConnectionSettings, SentinelAddress } from "../connection.ts";
import { connectionProblem } from "./connection-problem.ts";
import { examineMaster } from "./examine-master.ts";
import { type Finding, finding, problem } from "./finding.ts";
import type { Look } from "./options.ts";
import { type Reached, reach } from "./reach.ts";
import { type AskedSentinel, checkSentinelReplicas, checkSentinels } from "./sentinel-checks.ts";
import { gatherMasterNames, gatherSentinel } from "./sentinel-view.ts";

/** In a failover the last sentinel hears of it a moment later. */
const secondLookMs = 1_500;

/** Asks the sentinels for the master, and looks at it. */
export async function examineSentinels(options: SentinelAddress & ConnectionSettings, look: Look): Promise<readonly Finding[]> {
  const { sentinels, master: name, sentinelUsername, sentinelPassword, ...settings } = options;
  const attempts = await Promise.all(
    sentinels.map((node) => reach({ node }, { ...settings, username: sentinelUsername, password: sentinelPassword })),
  );
  const open = attempts.filter((attempt): attempt is Reached => !("unreachable" in attempt));
  try {
    const ask = (): Promise<readonly AskedSentinel[]> =>
      Promise.all(
        attempts.map(async (attempt) => ({
          address: attempt.address,
          answer: "unreachable" in attempt ? { refused: String(attempt.unreachable) } : await gatherSentinel(attempt.questions, name),
        })),
      );
    let asked = await ask();
    if (mastersIn(asked).size > 1 || asked.some(takesItForDown)) {
      await sleep(secondLookMs);
      asked = await ask();
    }
    const [master] = mastersIn(asked);
    if (master === undefined) return [await noMaster(attempts, asked, name)];
    return [
      finding("sentinels", checkSentinels(asked, name)),
      finding("sentinel-replicas", checkSentinelReplicas(asked)),
      ...(await examineMaster({ node: master }, settings, look, master)),
    ];
  } catch (error) {
    return [finding("sentinels", connectionProblem(sentinels.join(", "), error))];
  } finally {
    for (const sentinel of open) sentinel.close();
  }
}

function takesItForDown({ answer }: AskedSentinel): boolean {
  return "known" in answer && (answer.known.flags.has("s_down") || answer.known.flags.has("o_down"));
}

/** Those that are named, the most frequent one first. */
function mastersIn(asked: readonly AskedSentinel[]): ReadonlySet<string> {
  const named = asked.flatMap(({ answer }) => ("known" in answer && answer.known.master !== undefined ? [answer.known.master] : []));
  const times = (master: string) => named.filter((one) => one === master).length;
  return new Set([...named].sort((a, b) => times(b) - times(a)));
}

/** Why nobody names one. */
async function noMaster(attempts: Awaited<ReturnType<typeof reach>>[], asked: readonly AskedSentinel[], name: string): Promise<Finding> {
  for (const attempt of attempts) {
    if ("unreachable" in attempt) continue;
    const answer = asked.find(({ address }) => address === attempt.address)?.answer;
    if (answer !== undefined && "refused" in answer) {
      const isSentinel = !/unknown command/i.test(answer.refused);
      return isSentinel
        ? finding(
            "sentinels",
            problem(
              `${attempt.address} does not name the master: ${answer.refused}`,
              "set PRESENCE_REDIS_SENTINEL_USERNAME and PRESENCE_REDIS_SENTINEL_PASSWORD to a user who may",
            ),
          )
        : finding(
            "sentinels",
            problem(
              `${attempt.address} is no sentinel`,
              "name the sentinels in PRESENCE_REDIS_SENTINELS (port 26379 by default), or set REDIS_URL to this Redis",
            ),
          );
    }
    const names = await gatherMasterNames(attempt.questions);
    const known = names.length === 0 ? "they watch over none" : `they know ${names.join(", ")}`;
    return finding(
      "sentinels",
      problem(`the sentinels know no master ${name}: ${known}`, "set PRESENCE_REDIS_MASTER to what they call it"),
    );
  }
  const [first] = attempts;
  const why = first !== undefined && "unreachable" in first ? first.unreachable : "there is none";
  const { found, advice } = connectionProblem(asked.map(({ address }) => address).join(", "), why);
  const password = "set PRESENCE_REDIS_SENTINEL_USERNAME and PRESENCE_REDIS_SENTINEL_PASSWORD";
  return finding(
    "sentinels",
    problem(found.replace(/^Redis at/, "no sentinel answers:"), /WRONGPASS|NOAUTH/.test(String(why)) ? password : (advice ?? "start them")),
  );
}
