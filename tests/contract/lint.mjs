// Each document is looked at by two linters that know nothing of each other: OpenAPI by Redocly and Spectral,
// AsyncAPI by Redocly and AsyncAPI's own parser.
//   node lint.mjs openapi.json asyncapi.json

import {readFileSync} from "node:fs";
import {createRequire} from "node:module";
import {resolve} from "node:path";

import {Parser} from "@asyncapi/parser";
import {createConfig, lint} from "@redocly/openapi-core";

const require = createRequire(import.meta.url);
const {Document, Spectral} = require("@stoplight/spectral-core");
const {pattern, truthy} = require("@stoplight/spectral-functions");
const {oas} = require("@stoplight/spectral-rulesets");
const {Json} = require("@stoplight/spectral-parsers");

const [openapi, asyncapi] = process.argv.slice(2).map((file) => resolve(file));
const severities = ["error", "warning", "information", "hint"];

async function redocly(file, rules) {
  const config = await createConfig({extends: ["recommended-strict"], rules});
  return (await lint({ref: file, config})).map((found) => ({
    severity: found.severity === "warn" ? "warning" : found.severity,
    where: found.location.map((place) => place.pointer).join(" "),
    what: `${found.message} (${found.ruleId})`,
  }));
}

function fromSpectral(found) {
  return {
    severity: severities[found.severity],
    where: found.path.join("/"),
    what: `${found.message} (${found.code})`,
  };
}

async function spectral(file, overrides) {
  const linter = new Spectral();
  linter.setRuleset({extends: [[oas, "all"]], ...overrides});
  return (await linter.run(new Document(readFileSync(file, "utf8"), Json, file))).map(fromSpectral);
}

async function asyncapiParser(file) {
  const {diagnostics} = await new Parser().parse(readFileSync(file, "utf8"));
  return diagnostics.map(fromSpectral);
}

// What is off, and why:
const redoclyRules = {
  // The door of a WebSocket answers 101.
  "operation-2xx-response": "off",
  // By default members are forbidden that another branch of the same schema defines.
  "no-invalid-media-type-examples": {severity: "error", allowAdditionalProperties: true},
};
const spectralRules = {
  rules: {
    // As above.
    "operation-success-response": "off",
    // Tags are in the order people read them; a summary says enough of many operations; nobody is to be written to; an SPDX
    // identifier excludes a URL.
    "openapi-tags-alphabetical": "off",
    "operation-description": "off",
    "info-contact": "off",
    "license-url": "off",
    // It wants scopes declared, which 3.1 has for OAuth alone: with a bearer scheme they are roles. That the scheme is there Redocly sees.
    "oas3-operation-security-defined": "off",
    // And our own.
    "errors-are-problems": {
      message: "every error may be application/problem+json",
      severity: "error",
      given: "$.paths[*][*].responses[?(@property.match(/^[45]/))].content",
      then: {field: "application/problem+json", function: truthy},
    },
    "members-are-snake-case": {
      message: "{{property}} is not snake_case",
      severity: "error",
      given: "$.components.schemas..properties[*]~",
      then: {function: pattern, functionOptions: {match: "^[a-z][a-z0-9_]*$"}},
    },
  },
};
// 3.0 is what tools read.
const newerVersion = (found) => found.what.includes("(asyncapi-latest-version)");

const runs = [
  ["Redocly", openapi, () => redocly(openapi, redoclyRules)],
  ["Spectral", openapi, () => spectral(openapi, spectralRules)],
  ["Redocly", asyncapi, () => redocly(asyncapi, {})],
  ["the AsyncAPI parser", asyncapi, async () => (await asyncapiParser(asyncapi)).filter((found) => !newerVersion(found))],
];

let failed = false;
for (const [linter, file, run] of runs) {
  const findings = await run();
  for (const {severity, where, what} of findings) console.log(`${file}: ${severity}: ${where}: ${what}`);
  console.log(`${linter}: ${file}: ${findings.length} finding(s)`);
  failed ||= findings.length > 0;
}
process.exit(failed ? 1 : 0);
