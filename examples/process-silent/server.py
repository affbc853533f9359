"""Accepts every connection and never says a word, as one that waits for its database."""

import socket

server = socket.create_server(("127.0.0.1", 3000))
print("ready", flush=True)
connections = []
while True:
    connections.append(server.accept())
