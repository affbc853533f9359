"""Speaks plain HTTP; https:// is asked of it."""

import http.server

server = http.server.ThreadingHTTPServer(
    ("127.0.0.1", 3000), http.server.SimpleHTTPRequestHandler
)
print("ready", flush=True)
server.serve_forever()
