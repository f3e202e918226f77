"""The document of an application, the page that shows it, in a browser too, and what refuses to load."""
import json
import os
import re
import subprocess

from wire_browser import Browser
from wire_lab import Skip, need, serves

APP = "sdk_openapi"
JSON = [("content-type", "application/json")]
UNPLUGGED = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
SWAGGER_UI = os.environ.get("SWAGGER_UI", "no")


def same(got, wanted, what):
    need(got == wanted, "%s: %r, not %r" % (what, got, wanted))


def document(server, target="/openapi.json", **more):
    answer = server.ask(target, **more)
    same((answer.status, answer.get("content-type")), (200, "application/json"), target)
    return json.loads(answer.body)


def operation(doc, path, method):
    need(path in doc["paths"], "%s is not among %s" % (path, sorted(doc["paths"])))
    return doc["paths"][path][method]


def parameters(one):
    return {(p["in"], p["name"]): p for p in one.get("parameters", [])}


def schema_of(answer, kind="application/json"):
    return answer["content"][kind]["schema"]


def ref(name):
    return {"$ref": "#/components/schemas/" + name}


# ---- the document


@serves(APP)
def case_row_185_paths_and_what_stands_over_them(server):
    doc = document(server)
    same(doc["openapi"], "3.1.0", "version")
    same(doc["info"], {"title": "shop <\"&>", "version": "1.2.3", "description": "Sells \"things\" & more.\n"}, "info")
    need("servers" not in doc, "servers without a root path")
    same(sorted(doc["paths"]),
         ["/any/{rest}", "/branch/{city}/open", "/items", "/items/{id}", "/items/{name_}/share",
          "/items/{name}/share", "/login", "/owner", "/photos/{album}/{of}"], "paths")
    same(sorted(doc["paths"]["/any/{rest}"]), ["get", "put"], "methods: no implied HEAD, no PURGE")
    one = operation(doc, "/items/{id}", "get")
    same((one["summary"], one["description"], one["tags"]), ("Get Item", "One of them.", ["items"]), "words")
    same(one["operationId"], "get_item_items__id__get", "id")
    drop = operation(doc, "/items/{id}", "delete")
    same((drop["summary"], drop["deprecated"], list(drop["responses"])), ("Throw it away", True, ["204"]), "delete")
    same(operation(doc, "/items", "post")["tags"], ["items", "changes"], "tags")
    same(operation(doc, "/branch/{city}/open", "get")["tags"], ["branches", "hours"], "tags of an application")
    text = json.dumps(doc)
    for hidden in "/secret", "/inner", "/docs", "/openapi.json", "inner_page":
        need(hidden not in text, hidden + " is hidden")


@serves(APP)
def case_row_185_parameters(server):
    doc = document(server)
    of_page = parameters(operation(doc, "/items", "get"))
    same(of_page["query", "limit"]["schema"],
         {"type": "integer", "format": "uint32", "minimum": 0, "maximum": 100, "default": 10, "title": "Limit",
          "description": "how many there are"}, "limit")
    same([of_page["query", name]["required"] for name in ("limit", "tag", "q")], [False] * 3, "required")
    same(of_page["query", "tag"]["schema"]["items"], {"type": "string"}, "a list")
    same(of_page["query", "colour"]["schema"], ref("Colour"), "an enumeration")
    of_item = parameters(operation(doc, "/items/{id}", "get"))
    same(of_item["path", "id"]["schema"]["minimum"], 1, "a parameter of the path that a model has")
    same(of_item["header", "x-token"]["required"], True, "a header")
    need(("header", "If_Match") in of_item and ("cookie", "theme") in of_item, "header and cookie: %s" % of_item)
    drop = parameters(operation(doc, "/items/{id}", "delete"))["path", "id"]
    same((drop["required"], drop["schema"]["type"]), (True, "integer"), "{id:int}")
    photo = parameters(operation(doc, "/photos/{album}/{of}", "post"))
    same((photo["path", "of"]["schema"]["format"], photo["path", "album"]["schema"]["type"]), ("uuid", "string"),
         "converters")


@serves(APP)
def case_row_185_bodies_replies_and_422(server):
    doc = document(server)
    add = operation(doc, "/items", "post")
    body = add["requestBody"]
    same((body["required"], schema_of(body)), (True, ref("Item")), "body")
    same(body["content"]["application/json"]["example"], {"name": "pen", "price": 2.5, "size": None}, "example")
    same(sorted(add["responses"]), ["201", "402", "409", "422", "451"], "replies")
    same(schema_of(add["responses"]["201"]), ref("Item"), "reply")
    same(schema_of(add["responses"]["422"]), ref("HTTPValidationError"), "422")
    same((add["responses"]["409"]["description"], schema_of(add["responses"]["409"])),
         ("there is one of that name", ref("HTTPError")), "409")
    same(schema_of(add["responses"]["451"]), ref("Size"), "a reply of another model")
    many = schema_of(operation(doc, "/items", "get")["responses"]["200"])
    same((many["type"], many["items"]), ("array", ref("Item")), "a list")
    plain = operation(doc, "/items/{name}/share", "get")["responses"]
    same((list(plain), schema_of(plain["200"], "text/plain")), (["200"], {"type": "string"}), "a type")
    photo = operation(doc, "/photos/{album}/{of}", "post")["requestBody"]["content"]
    same(photo["multipart/form-data"]["schema"], ref("Photo"), "a form with files")
    login = operation(doc, "/login", "post")["requestBody"]["content"]
    same(login["application/x-www-form-urlencoded"]["schema"], ref("Login"), "a form without")
    # what the schema says is what is sent
    got = server.ask("/items", method="POST", fields=JSON, body=b'{"price":0}')
    shape = doc["components"]["schemas"]["ValidationError"]
    for error in json.loads(got.body)["detail"]:
        need(set(shape["required"]) <= set(error) <= set(shape["properties"]), "a 422 of another shape: %s" % error)


@serves(APP)
def case_row_185_schemas(server):
    schemas = document(server)["components"]["schemas"]
    item = schemas["Item"]
    fields = item["properties"]
    same((item["type"], item["additionalProperties"], item["required"]), ("object", False, ["name", "size"]), "Item")
    same(fields["name"], {"type": "string", "minLength": 1, "maxLength": 80, "title": "Name",
                          "description": "shown in lists", "examples": ["Nail!"]}, "name")
    same(fields["price"], {"type": "number", "exclusiveMinimum": 0, "default": 1.5, "title": "Price"}, "price")
    same(fields["tags"]["anyOf"][0], {"type": "array", "maxItems": 3,
                                      "items": {"type": "string", "pattern": "^[a-z]+$"}}, "tags")
    same(fields["size"], {"anyOf": [ref("Size"), {"type": "null"}]}, "null")
    same(fields["colour"], {**ref("Colour"), "default": "red"}, "an enumeration")
    same(schemas["Colour"]["enum"], ["red", "gre\"en"], "its values")
    same([fields[name]["anyOf"][0].get("format") for name in ("id", "madeAt", "image")],
         ["uuid", "date-time", "byte"], "formats")
    same(fields["secret"].get("writeOnly"), True, "hidden")
    need("pattern" not in fields["code"]["anyOf"][0], "a pattern that is none of ECMA's")
    same(schemas["Size"]["description"], "in metres and kilograms", "description")
    same(schemas["Size"]["properties"]["weight"]["multipleOf"], 5, "multipleOf")
    same(schemas["Photo"]["properties"]["file"]["format"], "binary", "a file")


@serves(APP)
def case_row_185_security(server):
    doc = document(server)
    same(doc["components"]["securitySchemes"],
         {"api": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "the key of your account"},
          "staff": {"type": "http", "scheme": "basic"},
          "key": {"type": "apiKey", "in": "header", "name": "x-key"},
          "account": {"type": "oauth2", "flows": {"password": {"scopes": {"items:write": "change them"},
                                                               "tokenUrl": "/login"}}}}, "schemes")
    same(operation(doc, "/items/{id}", "delete")["security"], [{"api": []}], "by way of another dependency")
    same(operation(doc, "/photos/{album}/{of}", "post")["security"], [{"staff": []}, {"key": []}, {}], "optional ones")
    same(operation(doc, "/owner", "put")["security"], [{"account": ["items:write"]}], "scopes")
    need("security" not in operation(doc, "/items", "get"), "none")


@serves(APP, "--root-path", "/shop/v1")
def case_row_185_behind_a_root_path(server):
    doc = document(server)
    same(doc["servers"], [{"url": "/shop/v1"}], "servers")
    need("/items" in doc["paths"], "paths have no root path in front")
    flow = doc["components"]["securitySchemes"]["account"]["flows"]["password"]
    same(flow["tokenUrl"], "/shop/v1/login", "where tokens are")
    page = server.ask("/docs").body.decode()
    same(re.findall(r'(?:href|src|data-openapi)="(/[^"]*)"', page), [], "absolute links")
    same(document(server), doc, "the same again")


@serves(APP, own=True)
def case_row_185_clients_ask_again_only_for_what_is_new(server):
    first = server.ask("/openapi.json")
    again = server.ask("/openapi.json", fields=[("if-none-match", first.get("etag"))])
    same((again.status, again.body, again.get("etag")), (304, b"", first.get("etag")), "304")
    head = server.ask("/openapi.json", method="HEAD")
    same((head.status, head.get("content-length"), head.body), (200, str(len(first.body)), b""), "HEAD")
    same(server.ask("/docs", method="HEAD").status, 200, "HEAD of the page")
    post = server.ask("/docs", method="POST")
    same((post.status, post.get("allow")), (405, "GET, HEAD"), "POST")
    same(server.ask("/docs/").get("location"), "/docs", "a slash")
    for answer in first, server.ask("/docs"), server.ask("/docs/plain.js"):
        same(answer.get("x-marked"), "yes", "middleware")
    script = server.ask("/docs/plain.js")
    same(script.get("content-type"), "text/javascript; charset=utf-8", "type")
    same(server.ask("/docs/plain.js", fields=[("if-none-match", "W/" + script.get("etag"))]).status, 304, "a script")
    for path in "/docs/../../etc/passwd", "/docs/%2e%2e/passwd", "/docs/LICENSE", "/docs/swagger-ui.css%00", "/docs/x":
        same(server.ask(path).status, 404, path)
    same(server.ask("/docs/swagger-ui-bundle.js").status, 404, "no Swagger UI here")
    need("inline" not in server.ask("/docs").get("content-security-policy").split("script-src")[1].split(";")[0]
         and b"<script>" not in server.ask("/docs").body, "scripts within the page")
    need(b"counted 1" in server.ask("/items").body, "the application's dependency ran for the page")


@serves("sdk_docs_moved")
def case_row_185_moved_and_not_asked_for_credentials(server):
    same(server.ask("/docs").status, 401, "an own route there")
    same(server.ask("/openapi.json").status, 404, "the usual place")
    same(document(server, "/api/schema.json")["info"]["title"], "moved", "moved")
    page = server.ask("/help/api/docs")
    same(page.status, 200, "the page")
    need(b'data-openapi="../../api/schema.json"' in page.body and b'src="./docs/plain.js"' in page.body, "links")
    same(server.ask("/help/api/docs/plain.js").status, 200, "its script")


@serves("sdk_docs_own")
def case_row_185_own_routes_win(server):
    same(server.ask("/docs").body, b"own page", "page")
    same(server.ask("/openapi.json", method="POST").body, b"own document", "another method")
    same(sorted(document(server)["paths"]), ["/docs", "/openapi.json", "/{rest}"], "document")
    same(server.ask("/elsewhere").body, b"rest elsewhere", "all else")


@serves("sdk_docs_off")
def case_row_185_off(server):
    for path in "/openapi.json", "/docs", "/docs/plain.js":
        same(server.ask(path).status, 404, path)


# ---- from the command line


def own_environment(**more):
    """Without what the check says to its tests, which the server would warn of."""
    return {**{name: value for name, value in os.environ.items() if not name.startswith("CGW_")}, **more}


def run(lab, *words):
    done = subprocess.run([lab.bench.server, *words], capture_output=True, text=True, timeout=60,
                          env=own_environment())
    return done.returncode, done.stdout, done.stderr


def case_row_185_the_document_and_the_routes_from_the_command_line(lab):
    app = lab.bench.app(APP)
    code, out, err = run(lab, "--openapi", app)
    same((code, err, out.count("\n")), (0, "", 1), "--openapi")
    need("/items/{id}" in json.loads(out)["paths"], "paths")
    code, out, err = run(lab, app, "--routes")
    same((code, err), (0, ""), "--routes")
    rows = [line.split("  ") for line in out.splitlines()]
    same(out.split()[:5], ["METHOD", "PATH", "MODE", "HANDLER", "PLACE"], "head")
    need(re.search(r"^GET +/items/\{id:int\} +async +get_item +\S*sdk_openapi\.c:\d+$", out, re.M), out)
    need(re.search(r"^GET, PUT, PURGE +/any/\{rest:path\} +async +anything +", out, re.M), out)
    need(re.search(r"^GET +/docs +sync +cgw:docs +-$", out, re.M), out)
    need(len({line.index("sdk_openapi.c") for line in out.splitlines() if "sdk_openapi.c" in line}) == 1 and rows,
         "columns: " + out)
    out = run(lab, "--routes", lab.bench.app("sdk_routes"))[1]
    need(re.search(r"^\* +/assets/\.\.\. +mount +assets +\S+:\d+$", out, re.M), "mounts: " + out)


def case_row_185_nothing_else_is_on_standard_output(lab):
    done = subprocess.run([lab.bench.server, "--openapi", lab.bench.app(APP)], capture_output=True, text=True,
                          env=own_environment(SDK_OPENAPI_SAYS="from a constructor"), timeout=60)
    same(done.returncode, 0, "exit code")
    json.loads(done.stdout)
    need("from a constructor" in done.stderr, "what a constructor prints: " + done.stderr)
    for word in "--openapi", "--routes":
        with open("/dev/full", "wb") as full:
            done = subprocess.run([lab.bench.server, word, lab.bench.app(APP)], stdout=full,
                                  stderr=subprocess.PIPE, text=True, timeout=60)
        same(done.returncode, 1, "exit code without room")
        need("CGW0813" in done.stderr and "cannot write what" in done.stderr, done.stderr)


def case_row_185_what_would_not_start_does_not_describe_itself(lab):
    code, out, err = run(lab, "--routes", lab.bench.app("sdk_load_bad"))
    same((code, out), (3, ""), "an unread parameter")
    need(re.search(r"sdk_load_bad\.c:10: route GET /badly/\{id\} \(read_badly\): nothing reads \{id\}", err), err)
    code, out, err = run(lab, "--routes", lab.bench.app("sdk_load_body"))
    same((code, out), (3, ""), "a body of GET")
    need(re.search(r"sdk_load_body\.c:7: route POST,GET /find \(find\): a GET or HEAD has no body", err), err)
    code, out, err = run(lab, "--openapi", lab.bench.app("sdk_routes_bad"))
    same((code, out), (3, ""), "routes that clash")
    need("take the same paths" in err, err)
    code, out, err = run(lab, "--openapi", lab.bench.app("page"))
    same((code, out), (3, ""), "an application that has no such table")
    need("does not describe itself" in err, err)


# ---- in a browser


def only_ours(browser, server):
    asked = browser.value("JSON.stringify(performance.getEntriesByType('resource').map((one) => one.name))")
    for url in json.loads(asked):
        need(url.startswith((server.url + "/", "data:")), "the page asked " + url)


def case_row_185_the_plain_page_in_a_browser(lab):
    server = lab.serve(APP)
    with Browser(lab, UNPLUGGED) as browser:
        browser.show(server.url + "/docs")
        at = "document.getElementById('%s')"
        get, add = at % "list_items_items_get", at % "add_item_items_post"
        browser.wait(get + " !== null", "no routes")
        need(browser.value("document.querySelector('h1').innerText").startswith("shop <\"&>"), "the name")
        same(browser.value("document.querySelectorAll('details[id]').length"), 12, "routes")
        browser.value(get + ".open = true; %s.querySelector('[name=limit]').value = '42';"
                            "%s.querySelector('[name=tag]').value = 'a,b'; %s.querySelector('button').click()" % ((get,) * 3))
        answer = get + ".querySelector('.body')"
        browser.wait(answer + " !== null", "no answer")
        same(browser.value(answer + ".innerText"), "limit 42 tags 2 counted 1", "the answer")
        browser.value(add + ".open = true; " + add + ".querySelector('button').click()")
        browser.wait(add + ".querySelector('.answer h3') !== null", "no answer to a body")
        need(browser.value(add + ".querySelector('.answer h3').innerText").startswith("201"), "a body")
        only_ours(browser, server)


CLICK = ("(() => { const found = document.querySelector('%s'); if (found) found.click(); return !!found; })()")


def case_row_185_swagger_ui_in_a_browser(lab):
    if SWAGGER_UI == "no":
        raise Skip("configured without Swagger UI")
    server = lab.serve(APP, env={"CGW_SWAGGER_UI": SWAGGER_UI})
    bundle = server.ask("/docs/swagger-ui-bundle.js")
    same((bundle.status, bundle.get("content-type")), (200, "text/javascript; charset=utf-8"), "the bundle")
    again = server.ask("/docs/swagger-ui-bundle.js", fields=[("if-none-match", bundle.get("etag"))])
    same((again.status, again.body), (304, b""), "the bundle again")
    with Browser(lab, UNPLUGGED) as browser:
        browser.show(server.url + "/docs")
        block = "#operations-items-list_items_items_get "
        for target in ".opblock-summary-control", ".try-out__btn", ".execute":
            browser.wait(CLICK % (block + target), "no " + target)
        shown = "document.querySelector('%s.live-responses-table .microlight')" % block
        browser.wait(shown + " !== null && " + shown + ".innerText !== ''", "no answer")
        need("limit 10 tags 0 counted 1" in browser.value(shown + ".innerText"), "the answer")
        only_ours(browser, server)
