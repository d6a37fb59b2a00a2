/** Speaks with an appliance as the editor does, and prints what came: the journey of the tests reads it. */

import { serverAddress } from "../src/api/address.js";
import { Appliance } from "../src/api/appliance.js";
import { sentenceOf } from "../src/api/errors.js";
import { follow, type Progress } from "../src/api/following.js";

const [address = "", question = "", place = ""] = process.argv.slice(2);
const appliance = new Appliance(
  { address: serverAddress(address) },
  process.env["PLUMBLINE_TOKEN"] ?? "",
);
const { signal } = new AbortController();
const pause = (seconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, seconds * 1000));

async function answered() {
  const seen: Progress[] = [];
  const asked = { text: question, mode: "answer", sources: [], set: "", thread: undefined };
  const begun = await appliance.ask(asked);
  const whole = await follow(appliance, begun.id, signal, (now) => seen.push(now), pause);
  const again = await appliance.ask({ ...asked, thread: begun.thread });
  await appliance.stop(again.id);
  const stopped = await follow(appliance, again.id, signal, () => undefined, pause);
  return {
    whole,
    looks: seen.length,
    last: seen.at(-1)?.text,
    lines: whole.citations[0] && (await appliance.linesAt(whole.citations[0])),
    follows: again.thread === begun.thread,
    stopped: stopped.state,
  };
}

async function told<T>(work: Promise<T>): Promise<T | string> {
  try {
    return await work;
  } catch (error) {
    return sentenceOf(error);
  }
}

const result = {
  person: await told(appliance.me()),
  hits: await told(appliance.search("read_level", { sources: [], set: "" }, signal)),
  place: place && (await told(appliance.linesAt(JSON.parse(place)))),
  answer: question && (await told(answered())),
};
process.stdout.write(JSON.stringify(result));
