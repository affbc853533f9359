"""Listens on the IPv6 loopback alone, as Node does for `localhost` on many machines."""

import http.server
import socket


class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6


server = Server(("::1", 3000), http.server.SimpleHTTPRequestHandler)
print("ready", flush=True)
server.serve_forever()
