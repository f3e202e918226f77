/*
 * The page without Swagger UI: reads the OpenAPI document, lists routes by tag with what they take
 * and answer, and tries a request. Text becomes nodes, never HTML.
 */
"use strict";

const METHODS = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
let doc = {};
const credentials = {}; // scheme name: text, or [user, password]

// ---- nodes

function node(tag, attributes, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {}))
        if (value !== undefined && value !== false)
            made.setAttribute(name, value === true ? "" : value);
    made.append(...children.filter((child) => child !== null && child !== undefined));
    return made;
}

function text(tag, value, attributes) {
    return node(tag, attributes, String(value));
}

function note(value) {
    return value ? text("div", value, { class: "note" }) : null;
}

// ---- schemas

function resolve(schema) {
    for (let n = 0; schema && schema.$ref && n < 20; n++)
        schema = schema.$ref.slice(2).split("/").reduce((at, key) => at && at[key], doc);
    return schema || {};
}

function notNull(schema) {
    const any = schema.anyOf || schema.oneOf;
    return any ? any.find((one) => one.type !== "null") || {} : schema;
}

function typeName(schema) {
    if (schema.$ref)
        return schema.$ref.split("/").pop();
    if (schema.anyOf)
        return schema.anyOf.map(typeName).join(" or ");
    if (schema.type === "array")
        return "list of " + typeName(schema.items || {});
    return (schema.type || "any") + (schema.format ? " (" + schema.format + ")" : "");
}

const LIMITS = ["minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "multipleOf", "minLength",
    "maxLength", "minItems", "maxItems", "pattern", "default", "enum"];

function limits(schema) {
    const at = { ...notNull(schema), default: schema.default };
    return LIMITS.filter((key) => at[key] !== undefined)
        .map((key) => key + " " + JSON.stringify(at[key])).join(", ");
}

// A value that might do, to begin with.
function sample(schema, depth = 0) {
    if (schema.examples && schema.examples.length)
        return schema.examples[0];
    if (schema.default !== undefined)
        return schema.default;
    const at = resolve(notNull(schema));
    if (depth > 6)
        return null;
    if (at.enum)
        return at.enum[0];
    if (at.type === "object")
        return Object.fromEntries(Object.entries(at.properties || {})
            .map(([name, one]) => [name, sample(one, depth + 1)]));
    if (at.type === "array")
        return at.minItems ? [sample(at.items || {}, depth + 1)] : [];
    if (at.type === "integer" || at.type === "number")
        return at.minimum ?? (at.exclusiveMinimum !== undefined ? at.exclusiveMinimum + 1 : 0);
    return { boolean: false, string: "string" }[at.type] ?? null;
}

function schemaTable(schema) {
    const at = resolve(notNull(schema)), required = at.required || [];
    if (at.type !== "object")
        return text("pre", JSON.stringify(at, null, 2));
    return node("table", {}, ...Object.entries(at.properties || {}).map(([name, one]) =>
        node("tr", {},
            node("td", {}, text("code", name), required.includes(name) ? text("span", " *", { class: "required" }) : ""),
            node("td", {}, typeName(one), note(limits(one)), note(one.description)))));
}

// ---- what a request is made of

function inputFor(schema, name) {
    const at = resolve(notNull(schema));
    if (at.enum)
        return node("select", { name }, text("option", "", { value: "" }),
            ...at.enum.map((one) => text("option", one, { selected: one === schema.default })));
    const shown = schema.examples ? schema.examples[0] : schema.default;
    return node("input", { name, value: shown === undefined ? undefined : typeof shown === "object" ? "" : shown,
        placeholder: typeName(schema) });
}

function isFile(schema) {
    const at = resolve(notNull(schema));
    return at.format === "binary" || (at.type === "array" && isFile(at.items || {}));
}

function parameterRow(parameter, inputs) {
    const input = inputFor(parameter.schema || {}, parameter.name);
    inputs.push([parameter, input]);
    return node("tr", {},
        node("td", {}, text("code", parameter.name), parameter.required ? text("span", " *", { class: "required" }) : "",
            note(parameter.in)),
        node("td", {}, input, note(limits(parameter.schema || {})), note(parameter.description)));
}

function formRow(name, schema, required, inputs) {
    const at = resolve(notNull(schema));
    const input = isFile(schema) ? node("input", { name, type: "file", multiple: at.type === "array" })
        : inputFor(schema, name);
    inputs.push([name, input, schema]);
    return node("tr", {},
        node("td", {}, text("code", name), required ? text("span", " *", { class: "required" }) : ""),
        node("td", {}, input, note(limits(schema)), note(schema.description)));
}

function bodyEditor(body) {
    const [type, media] = Object.entries(body.content)[0];
    const schema = resolve(media.schema || {});
    if (type === "application/json") {
        const value = media.example !== undefined ? media.example : sample(media.schema || {});
        const area = text("textarea", JSON.stringify(value, null, 2), { name: "body" });
        return { type, shown: area, make: () => area.value };
    }
    const inputs = [];
    const rows = Object.entries(schema.properties || {})
        .map(([name, one]) => formRow(name, one, (schema.required || []).includes(name), inputs));
    return { type, shown: node("table", {}, ...rows), make: () => makeForm(type, inputs) };
}

function makeForm(type, inputs) {
    const form = type === "multipart/form-data" ? new FormData() : new URLSearchParams();
    for (const [name, input, schema] of inputs) {
        const values = input.type === "file" ? input.files
            : resolve(notNull(schema)).type === "array" ? input.value.split(",").filter(Boolean)
            : input.value === "" ? [] : [input.value];
        for (const value of values)
            form.append(name, value);
    }
    return form;
}

// ---- the request

function bytesOf(value) {
    return String.fromCharCode(...new TextEncoder().encode(value));
}

function authorize(operation, headers, query) {
    const wanted = (operation.security || []).flatMap((one) => Object.keys(one));
    for (const name of new Set(wanted)) {
        const scheme = ((doc.components || {}).securitySchemes || {})[name] || {}, given = credentials[name];
        if (!given || (Array.isArray(given) && !given[0]))
            continue;
        if (scheme.scheme === "basic")
            headers.set("authorization", "Basic " + btoa(bytesOf(given.join(":"))));
        else if (scheme.type === "apiKey" && scheme.in === "header")
            headers.set(scheme.name, given);
        else if (scheme.type === "apiKey" && scheme.in === "query")
            query.append(scheme.name, given);
        else if (scheme.type === "apiKey")
            document.cookie = scheme.name + "=" + given + "; path=/";
        else
            headers.set("authorization", "Bearer " + given);
    }
}

function makeRequest(path, method, operation, inputs, editor) {
    const query = new URLSearchParams(), headers = new Headers();
    for (const [parameter, input] of inputs) {
        const schema = resolve(notNull(parameter.schema || {})), value = input.value;
        const values = value === "" ? [] : schema.type === "array" ? value.split(",") : [value];
        if (parameter.in === "path")
            path = path.replace("{" + parameter.name + "}", encodeURIComponent(value).replaceAll("%2F", "/"));
        for (const one of parameter.in === "path" ? [] : values) {
            if (parameter.in === "query")
                query.append(parameter.name, one);
            else if (parameter.in === "header")
                headers.append(parameter.name, one);
            else
                document.cookie = parameter.name + "=" + one + "; path=/";
        }
    }
    authorize(operation, headers, query);
    if (editor && editor.type !== "multipart/form-data")
        headers.set("content-type", editor.type);
    const server = doc.servers && doc.servers[0] ? doc.servers[0].url : "";
    const url = server.replace(/\/$/, "") + path + (query.size || String(query) ? "?" + query : "");
    return [url, { method: method.toUpperCase(), headers, body: editor ? editor.make() : undefined }];
}

function pretty(body, type) {
    if (!/json/.test(type || ""))
        return body;
    try {
        return JSON.stringify(JSON.parse(body), null, 2);
    } catch {
        return body;
    }
}

async function execute(shown, url, options) {
    shown.replaceChildren(text("div", options.method + " " + url, { class: "note" }), text("div", "…"));
    try {
        const answer = await fetch(url, options), body = await answer.text();
        const fields = [...answer.headers].map(([name, value]) => name + ": " + value).join("\n");
        shown.replaceChildren(text("div", options.method + " " + url, { class: "note" }),
            text("h3", answer.status + " " + answer.statusText, { class: answer.ok ? "good" : "bad" }),
            text("pre", fields), text("pre", pretty(body, answer.headers.get("content-type")), { class: "body" }));
    } catch (error) {
        shown.replaceChildren(text("h3", "no answer: " + error, { class: "bad" }));
    }
}

// ---- the page

function responseRow([status, response]) {
    const content = Object.entries(response.content || {})[0];
    return node("tr", {}, node("td", {}, text("code", status)),
        node("td", {}, response.description, note(content ? content[0] + ": " + typeName(content[1].schema || {}) : "")));
}

function operationDetails(path, method, operation, shared) {
    const inputs = [], parameters = [...(shared || []), ...(operation.parameters || [])];
    const editor = operation.requestBody ? bodyEditor(operation.requestBody) : null;
    const answer = node("div", { class: "answer" });
    const button = text("button", "Execute", { type: "button" });
    const rows = parameters.map((one) => parameterRow(one, inputs));
    button.addEventListener("click", () => execute(answer, ...makeRequest(path, method, operation, inputs, editor)));
    return node("details", { id: operation.operationId, class: operation.deprecated ? "deprecated" : undefined },
        node("summary", {}, text("b", method.toUpperCase()), text("code", path), text("span", operation.summary || "")),
        node("div", {}, operation.description ? text("p", operation.description) : null,
            rows.length ? text("h3", "Parameters") : null, rows.length ? node("table", {}, ...rows) : null,
            editor ? text("h3", "Body: " + editor.type) : null, editor ? editor.shown : null, button, answer,
            text("h3", "Answers"), node("table", {}, ...Object.entries(operation.responses).map(responseRow))));
}

function operationsByTag() {
    const tags = new Map();
    for (const [path, item] of Object.entries(doc.paths || {}))
        for (const method of METHODS.filter((one) => item[one])) {
            const tag = (item[method].tags || ["routes"])[0];
            if (!tags.has(tag))
                tags.set(tag, []);
            tags.get(tag).push(operationDetails(path, method, item[method], item.parameters));
        }
    return [...tags].flatMap(([tag, list]) => [text("h2", tag), ...list]);
}

function schemeRow([name, scheme]) {
    const isBasic = scheme.scheme === "basic";
    const labels = isBasic ? ["user", "password"] : [scheme.type === "apiKey" ? scheme.name : "token"];
    const inputs = labels.map((label) => node("input", { placeholder: label, type: label === "password" ? label : "text" }));
    inputs.forEach((input) => input.addEventListener("input", () => {
        credentials[name] = isBasic ? inputs.map((one) => one.value) : inputs[0].value;
    }));
    return node("tr", {}, node("td", {}, text("code", name), note(scheme.type)),
        node("td", {}, ...inputs, note(scheme.description)));
}

function render() {
    const components = doc.components || {};
    const schemes = Object.entries(components.securitySchemes || {}), schemas = Object.entries(components.schemas || {});
    document.getElementById("plain").replaceChildren(
        node("h1", {}, doc.info.title + " ", text("small", doc.info.version)),
        doc.info.description ? text("p", doc.info.description) : "",
        ...(schemes.length ? [text("h2", "Credentials"), node("table", {}, ...schemes.map(schemeRow))] : []),
        ...operationsByTag(),
        ...(schemas.length ? [text("h2", "Schemas")] : []),
        ...schemas.map(([name, schema]) => node("details", {}, node("summary", {}, text("code", name)),
            node("div", {}, note(schema.description), schemaTable(schema)))));
}

async function main() {
    const shown = document.getElementById("plain"), url = document.documentElement.dataset.openapi;
    try {
        doc = await (await fetch(url)).json();
        render();
    } catch (error) {
        shown.replaceChildren(text("p", "The document at " + url + " cannot be shown: " + error));
    }
}

main();
