/** Waits until a person has allowed this editor on the appliance's page (RFC 8628). */

import type { Appliance } from "./appliance.js";
import { PlumblineError, Unreachable } from "./errors.js";
import type { DeviceCode } from "./shapes.js";

const SLOWER_S = 5; // RFC 8628, section 3.5
const REFUSALS: { readonly [code: string]: string } = {
  access_denied: "The sign-in was refused on the appliance's page.",
  expired_token: "The code has ended. Sign in again to get a new one.",
};

export type Pause = (seconds: number) => Promise<void>;

/** Return the token, or nothing when the person gave up here. */
export async function tokenFor(
  appliance: Pick<Appliance, "pollDevice">,
  code: DeviceCode,
  pause: Pause,
  isCancelled: () => boolean,
): Promise<string | undefined> {
  let interval = code.intervalSeconds;
  for (let waited = 0; waited < code.expiresInSeconds; waited += interval) {
    await pause(interval);
    if (isCancelled()) {
      return undefined;
    }
    const answer = await poll(appliance, code.deviceCode);
    if ("token" in answer) {
      return answer.token;
    }
    const refusal = REFUSALS[answer.waiting];
    if (refusal !== undefined) {
      throw new PlumblineError(refusal);
    }
    interval += answer.waiting === "slow_down" ? SLOWER_S : 0;
  }
  throw new PlumblineError(REFUSALS["expired_token"] ?? "");
}

async function poll(
  appliance: Pick<Appliance, "pollDevice">,
  code: string,
): Promise<{ token: string } | { waiting: string }> {
  try {
    return await appliance.pollDevice(code);
  } catch (error) {
    if (error instanceof Unreachable) {
      return { waiting: "slow_down" }; // a connection that fails once must not cost the sign-in
    }
    throw error;
  }
}
