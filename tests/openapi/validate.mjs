// Is each file a valid OpenAPI document? What the schema of the specification cannot say is looked at
// besides: each $ref leads somewhere, no operationId is there twice, and what a path names and what its
// operations have for parameters are the same. usage: node validate.mjs FOLDER-OF-node_modules FILE...
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [folder, ...files] = process.argv.slice(2);
const found = createRequire(pathToFileURL(folder + "/")).resolve("@seriousme/openapi-schema-validator");
const { Validator } = await import(pathToFileURL(found));

function* refs(node) {
    if (!node || typeof node !== "object")
        return;
    if (typeof node.$ref === "string")
        yield node.$ref;
    for (const value of Object.values(node))
        yield* refs(value);
}

function* patterns(node) {
    if (!node || typeof node !== "object")
        return;
    if (typeof node.pattern === "string")
        yield node.pattern;
    for (const value of Object.values(node))
        yield* patterns(value);
}

function leads(doc, ref) {
    return ref.startsWith("#/") && ref.slice(2).split("/").reduce((at, key) => at && at[key], doc) !== undefined;
}

function operations(doc) {
    return Object.entries(doc.paths).flatMap(([path, item]) =>
        Object.entries(item).map(([method, operation]) => [path, method, operation]));
}

function faultsOf(doc) {
    const faults = [...refs(doc)].filter((ref) => !leads(doc, ref)).map((ref) => "nothing is at " + ref);
    const ids = new Set();
    for (const [path, method, operation] of operations(doc)) {
        const named = [...path.matchAll(/{([^}]+)}/g)].map((match) => match[1]).sort();
        const had = (operation.parameters || []).filter((one) => one.in === "path").map((one) => one.name).sort();
        if (String(named) !== String(had))
            faults.push(`${method} ${path}: the parameters are ${had}`);
        if (ids.has(operation.operationId))
            faults.push(`${operation.operationId} is there twice`);
        ids.add(operation.operationId);
    }
    for (const pattern of patterns(doc.components || {}))
        try {
            new RegExp(pattern, "u");
        } catch (error) {
            faults.push(String(error));
        }
    return faults;
}

let failures = 0;
for (const file of files) {
    const doc = JSON.parse(await readFile(file, "utf8"));
    const result = await new Validator().validate(structuredClone(doc));
    const faults = [...(result.valid ? [] : [JSON.stringify(result.errors)]), ...faultsOf(doc)];
    failures += faults.length;
    for (const fault of faults)
        console.log(`${file}: ${fault}`);
}
console.log(`${files.length} documents, ${failures} faults`);
process.exit(failures ? 1 : 0);
