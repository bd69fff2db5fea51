// Types of the contract, as a user of TypeScript would generate them:
//   node generate.mjs folder-with-the-documents folder-for-the-types

import {readFileSync, writeFileSync} from "node:fs";
import {join} from "node:path";

import openapiTS, {astToString} from "openapi-typescript";

const [from, to] = process.argv.slice(2);
const read = (name) => JSON.parse(readFileSync(join(from, name), "utf8"));
// A default is what the daemon takes for a member that is left out, so it may be.
const options = {defaultNonNullable: false};

async function write(document, name) {
  writeFileSync(join(to, name), astToString(await openapiTS(document, options)));
}

await write(read("openapi.json"), "rest.d.ts");
// Schemas are schemas: what AsyncAPI has under components is generated like OpenAPI's.
const stream = read("asyncapi.json");
await write({openapi: "3.1.0", info: stream.info, paths: {}, components: {schemas: stream.components.schemas}}, "stream.d.ts");
