/** What goes wrong between an editor and its appliance, in sentences that say what to do. */

import { parsed, text } from "./json.js";

/** An error whose message is meant for the person in front of the editor. */
export class PlumblineError extends Error {}

/** The appliance does not know the token, or not any more. */
export class NotSignedIn extends PlumblineError {}

/** The connection failed or ended; the same request may work later. */
export class Unreachable extends PlumblineError {}

/** The appliance answered, and refused. */
export class Refused extends PlumblineError {
  constructor(
    message: string,
    readonly status: number,
    /** The word for programs in the answer, as RFC 8628 and problem details have it. */
    readonly code: string,
  ) {
    super(message);
  }
}

const CERTIFICATE_CODES = new Set([
  "CERT_HAS_EXPIRED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

const SENTENCES: { readonly [status: number]: string } = {
  403: "Your token may not do this. Sign in again with a token that may ask questions.",
  404: "This is not there, or you may not read it.",
  413: "This is too much text for one question. Select less.",
  429: "Too many questions at once. Wait a moment and try again.",
  502: "The proxy before the appliance does not reach it. Try again in a minute.",
  503: "The appliance does not answer questions at the moment. Try again in a minute.",
};

/** Say why no answer came at all. */
export function unreachable(server: string, cause: unknown): PlumblineError {
  const code = codeOf(cause);
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    return new Unreachable(`The certificate of ${server} is for another name. Check the address.`);
  }
  if (CERTIFICATE_CODES.has(code)) {
    return new Unreachable(
      `The certificate of ${server} is not trusted (${code}). ` +
        "Name your company's certificate authority in the setting “Plumbline: CA File”.",
    );
  }
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") {
    return new Unreachable(`There is no host of the name in ${server}. Check the address.`);
  }
  const reason = code || (cause instanceof Error ? cause.message : String(cause));
  return new Unreachable(
    `${server} does not answer (${reason}). Check the address, and whether the appliance runs.`,
  );
}

/** Say what a refusal means: the appliance's own sentence where it sent one. */
export function refused(status: number, body: string): PlumblineError {
  const problem = parsed(body);
  const said = text(problem, "detail") || text(problem, "error_description");
  if (status === 401) {
    return new NotSignedIn(said || "You are not signed in, or the token has ended. Sign in again.");
  }
  const sentence = said || SENTENCES[status] || `The appliance answered with error ${status}.`;
  return new Refused(sentence, status, text(problem, "error") || text(problem, "code"));
}

/** Return the sentence for any error, also one that nobody foresaw. */
export function sentenceOf(error: unknown): string {
  if (error instanceof PlumblineError) {
    return error.message;
  }
  return `Plumbline stumbled: ${error instanceof Error ? error.message : String(error)}`;
}

function codeOf(cause: unknown): string {
  const code = cause instanceof Error ? (cause as { code?: unknown }).code : undefined;
  return typeof code === "string" ? code : "";
}
