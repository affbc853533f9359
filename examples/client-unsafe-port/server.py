"""A server that is well, on a port that no browser opens."""

import http.server

server = http.server.ThreadingHTTPServer(
    ("127.0.0.1", 6000), http.server.SimpleHTTPRequestHandler
)
print("ready", flush=True)
server.serve_forever()
