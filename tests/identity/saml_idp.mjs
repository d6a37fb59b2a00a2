// A SAML identity provider for the tests, by samlify: an implementation that shares nothing with
// the one under test. Arguments: folder with key.pem, cert.pem and other.pem.
// It prints its address, and ends when its standard input does.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import * as saml from "samlify";

const folder = process.argv[2];
const read = (name) => readFileSync(`${folder}/${name}`, "utf8");
const REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";
const POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";
const RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
saml.setSchemaValidator({ validate: async () => "skipped" });

let person = { name_id: "id-1", attributes: {} };
let serviceMetadata = "";
let address = "";

const signature = (name) => ({
  prefix: "ds",
  location: { reference: `/*[local-name(.)='${name}']/*[local-name(.)='Issuer']`, action: "after" },
});

function provider(sign = {}) {
  return saml.IdentityProvider({
    entityID: `${address}/metadata`,
    privateKey: read(sign.key ?? "key.pem"),
    signingCert: read("cert.pem"),
    requestSignatureAlgorithm: sign.algorithm ?? RSA_SHA256,
    nameIDFormat: ["urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"],
    singleSignOnService: [{ Binding: REDIRECT, Location: `${address}/sso` }],
    messageSigningOrder: "sign-then-encrypt",
    loginResponseTemplate: { context: "", attributes: [] },
  });
}

const escape = (text) =>
  String(text).replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
const minutes = (count) => new Date(Date.now() + count * 60_000).toISOString();

// The unsigned response; each part can be replaced to make one that is wrong in one way.
function written(given) {
  const told = {
    id: `_r${crypto.randomUUID()}`, assertion_id: `_a${crypto.randomUUID()}`,
    issuer: `${address}/metadata`, destination: given.acs, recipient: given.acs,
    from: minutes(-1), until: minutes(5), confirmed_until: minutes(5),
    name_id: person.name_id, attributes: person.attributes, confirms: given.in_response_to,
    format: "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
    status: "urn:oasis:names:tc:SAML:2.0:status:Success", doctype: "", ...given,
  };
  const answers = (id) => (id ? ` InResponseTo="${escape(id)}"` : "");
  const to = (name, value) => (value ? ` ${name}="${escape(value)}"` : "");
  const attributes = Object.entries(told.attributes).map(([name, values]) =>
    `<saml:Attribute Name="${escape(name)}">${[values].flat().map((value) =>
      `<saml:AttributeValue>${escape(value)}</saml:AttributeValue>`).join("")}</saml:Attribute>`);
  const statement = attributes.length
    ? `<saml:AttributeStatement>${attributes.join("")}</saml:AttributeStatement>` : "";
  const audience = told.audience
    ? `<saml:AudienceRestriction><saml:Audience>${escape(told.audience)}</saml:Audience></saml:AudienceRestriction>` : "";
  const assertion = (id) => `<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="${id}" Version="2.0" IssueInstant="${minutes(0)}"><saml:Issuer>${escape(told.issuer)}</saml:Issuer><saml:Subject><saml:NameID Format="${told.format}">${told.name_id_xml ?? escape(told.name_id)}</saml:NameID><saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData${to("NotOnOrAfter", told.confirmed_until)}${to("Recipient", told.recipient)}${answers(told.confirms)}/></saml:SubjectConfirmation></saml:Subject><saml:Conditions${to("NotBefore", told.from)}${to("NotOnOrAfter", told.until)}>${audience}</saml:Conditions><saml:AuthnStatement AuthnInstant="${minutes(0)}" SessionIndex="${id}"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>${statement}</saml:Assertion>`;
  const context = `${told.doctype}<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="${told.id}" Version="2.0" IssueInstant="${minutes(0)}"${to("Destination", told.destination)}${answers(told.in_response_to)}><saml:Issuer>${escape(told.issuer)}</saml:Issuer><samlp:Status><samlp:StatusCode Value="${told.status}"/></samlp:Status>${assertion(told.assertion_id)}</samlp:Response>`;
  return { id: told.id, context };
}

async function respond(given) {
  const sign = { message: true, assertion: true, ...given.sign };
  const service = saml.ServiceProvider({
    entityID: given.audience || "nobody",
    assertionConsumerService: [{ Binding: POST, Location: given.acs }],
    wantMessageSigned: sign.message,
    authnRequestsSigned: false,
    wantAssertionsSigned: sign.assertion,
    signatureConfig: signature("Response"),
    transformationAlgorithms: [
      "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
      "http://www.w3.org/2001/10/xml-exc-c14n#",
    ],
  });
  const asked = { extract: { request: { id: given.in_response_to } } };
  const made = await provider(sign).createLoginResponse(service, asked, "post", {}, {
    customTagReplacement: () => written(given),
  });
  return made.context;
}

// A browser comes with a request: whoever is `person` is signed in without being asked.
async function signIn(query) {
  const service = saml.ServiceProvider({ metadata: serviceMetadata });
  const { extract } = await provider().parseLoginRequest(service, "redirect", { query });
  const acs = service.entityMeta.getAssertionConsumerService("post");
  const response = await respond({
    acs, audience: service.entityMeta.getEntityID(), in_response_to: extract.request.id,
  });
  return `<!doctype html><title>Identity provider</title><form method="post" action="${escape(acs)}"><input type="hidden" name="SAMLResponse" value="${response}"><button>Continue</button></form>`;
}

const body = async (request) => {
  let text = "";
  for await (const part of request) text += part;
  return text;
};

async function answer(request) {
  const { pathname, searchParams } = new URL(request.url, address);
  switch (`${request.method} ${pathname}`) {
    case "GET /metadata": return ["text/xml", provider().getMetadata()];
    case "GET /sso": return ["text/html", await signIn(Object.fromEntries(searchParams))];
    case "PUT /person": person = JSON.parse(await body(request)); return ["text/plain", ""];
    case "PUT /service": serviceMetadata = await body(request); return ["text/plain", ""];
    case "POST /respond": return ["text/plain", await respond(JSON.parse(await body(request)))];
    default: throw new Error(`nothing at ${request.method} ${pathname}`);
  }
}

const server = createServer(async (request, response) => {
  try {
    const [kind, text] = await answer(request);
    response.writeHead(200, { "Content-Type": kind }).end(text);
  } catch (error) {
    response.writeHead(500, { "Content-Type": "text/plain" }).end(String(error.stack ?? error));
  }
});
server.listen(0, "127.0.0.1", () => {
  address = `http://127.0.0.1:${server.address().port}`;
  console.log(address);
});
process.stdin.on("end", () => process.exit(0)).resume();
