// An OpenID provider for the tests: npm's oidc-provider with one client and a person that tests
// choose. It prints its address, and ends when its standard input does.
import { createServer } from "node:http";
import Provider from "oidc-provider";

const redirect = process.argv[2]; // the address of the product's that is registered
const logout = process.argv[3]; // where it tells of people who sign out; none: nowhere
let person = { sub: "subject-1", claims: {} };

const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const address = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(address, {
    clients: [{
      client_id: "plumbline", client_secret: "a-secret-of-the-tests",
      redirect_uris: [redirect], response_types: ["code"], grant_types: ["authorization_code", "refresh_token"],
      token_endpoint_auth_method: "client_secret_post",
      ...(logout && { backchannel_logout_uri: logout, backchannel_logout_session_required: true }),
    }],
    pkce: { required: () => true },
    claims: {
      openid: ["sub"], email: ["email", "email_verified"],
      profile: ["preferred_username", "given_name", "family_name", "name", "groups"],
    },
    // Somebody who left is no account any more.
    findAccount: (context, id) => person.left ? undefined
      : ({ accountId: id, claims: () => ({ sub: id, ...person.claims }) }),
    // It sends nothing to this machine by itself, where the listener of the tests is.
    fetch: (url, { dispatcher, ...options }) => fetch(url, options),
    issueRefreshToken: () => true,
    expiresWithSession: () => false,
    cookies: { keys: ["only for tests"] },
    features: { devInteractions: { enabled: false }, backchannelLogout: { enabled: true } },
    interactions: { url: (context, interaction) => `/interaction/${interaction.uid}` },
  });
  const handle = provider.callback();
  server.on("request", async (request, response) => {
    if (request.method === "PUT") {
      let text = "";
      for await (const part of request) text += part;
      person = JSON.parse(text);
      response.end();
    } else if (request.url.startsWith("/interaction/") && request.method === "GET") {
      response.setHeader("Content-Type", "text/html");
      response.end(`<!doctype html><title>Provider</title><form method="post"><button>Sign in as ${person.sub}</button></form>`);
    } else if (request.url.startsWith("/interaction/")) {
      await finish(provider, request, response);
    } else {
      handle(request, response);
    }
  });
  console.log(address);
});

// Whoever is `person` is signed in and agrees to everything.
async function finish(provider, request, response) {
  const { params, prompt } = await provider.interactionDetails(request, response);
  const grant = new provider.Grant({ accountId: person.sub, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  const result = { login: { accountId: person.sub, remember: false } };
  result.consent = { grantId: await grant.save() };
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
}
process.stdin.on("end", () => process.exit(0)).resume();
