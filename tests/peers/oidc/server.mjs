// oidc-provider as the authorization server of a FHIR server: SMART Backend Services by private_key_jwt, RS384 and ES384.
// What is of its own: the discovery document of SMART, one resource behind the token, and `PUT /_keys`, by which an
// operator registers the public keys of the hub's clients.
import { Provider } from "oidc-provider";
import MemoryAdapter from "oidc-provider/lib/adapters/memory_adapter.js";

const port = Number(process.argv[2]);
const issuer = `http://127.0.0.1:${port}`;
const scope = "system/Patient.rs";
const algorithms = { "hub-rs384": "RS384", "hub-es384": "ES384" };
let jwks = { keys: [] };

const clients = {
  find: async (id) =>
    algorithms[id] && {
      client_id: id,
      grant_types: ["client_credentials"],
      response_types: [],
      redirect_uris: [],
      token_endpoint_auth_method: "private_key_jwt",
      token_endpoint_auth_signing_alg: algorithms[id],
      jwks,
      scope,
    },
};

const provider = new Provider(issuer, {
  adapter: (model) => (model === "Client" ? clients : new MemoryAdapter(model)),
  scopes: [scope],
  clientAuthMethods: ["private_key_jwt"],
  enabledJWA: { clientAuthSigningAlgValues: ["RS384", "ES384"] },
  features: { clientCredentials: { enabled: true }, devInteractions: { enabled: false } },
  ttl: { ClientCredentials: 300 },
});

provider.use(async (context, next) => {
  if (context.path === "/_keys") {
    jwks = JSON.parse(Buffer.concat(await context.req.toArray()).toString());
    context.status = 204;
  } else if (context.path === "/fhir/.well-known/smart-configuration") {
    context.body = { token_endpoint: `${issuer}/token` };
  } else if (context.path === "/fhir/Patient") {
    const [, token] = context.get("authorization").match(/^Bearer (.+)$/) ?? [];
    const found = token && (await provider.ClientCredentials.find(token));
    context.status = found?.scope === scope ? 200 : 401;
    context.body = { resourceType: "Bundle", type: "searchset", client: found?.clientId };
  } else {
    await next();
  }
});
provider.on("grant.error", (_, error) => console.log(error.error, error.error_description, error.error_detail ?? ""));
provider.listen(port, "127.0.0.1", () => console.log("listening"));
