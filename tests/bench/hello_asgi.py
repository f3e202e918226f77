"""What hello.so and echo.so do, as an ASGI application, for a server that runs Python."""

HELLO = b"Hello, world!\n"


async def app(scope, receive, send):
    if scope["type"] != "http":
        raise NotImplementedError(scope["type"])
    body = b""
    more = scope["method"] == "POST"
    while more:
        event = await receive()
        body += event.get("body", b"")
        more = event.get("more_body", False)
    body = body or HELLO
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
