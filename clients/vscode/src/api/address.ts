/** Which addresses the token and the browser may be sent to. */

import { PlumblineError } from "./errors.js";

const THIS_MACHINE = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Read the setting. A token must not travel in the clear: without TLS only to this machine. */
export function serverAddress(setting: string): URL {
  const written = setting.trim();
  if (written === "") {
    throw new PlumblineError(
      "No appliance is named yet. Enter its address in the setting “Plumbline: Server Address”.",
    );
  }
  const url = URL.canParse(written) ? new URL(written) : undefined;
  if (url === undefined || !["http:", "https:"].includes(url.protocol)) {
    throw new PlumblineError(
      `“${written}” is no address. It looks like https://plumbline.example.`,
    );
  }
  if (url.protocol === "http:" && !THIS_MACHINE.has(url.hostname)) {
    throw new PlumblineError(
      `The address must begin with https://, or your token could be read on its way to ${url.host}.`,
    );
  }
  if (url.username !== "" || url.password !== "") {
    throw new PlumblineError("The address must not contain a name or a password.");
  }
  return new URL(url.origin);
}

/**
 * Return the page of this appliance that an answer names. Only its path counts: behind a proxy an appliance may
 * know itself by another name, and no answer can lead to another host.
 */
export function pageOf(server: URL, url: string): URL {
  const named = URL.canParse(url, server) ? new URL(url, server) : server;
  const isPage = ["http:", "https:"].includes(named.protocol);
  const path = isPage ? named.pathname + named.search + named.hash : "/";
  return new URL(path.replace(/^\/+/, "/"), server);
}
