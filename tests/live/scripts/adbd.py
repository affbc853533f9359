import socketserver, struct
# A device as the debug bridge sees one, in the bridge's own protocol: it takes no stream.
CNXN, OPEN, CLSE = 0x4E584E43, 0x4E45504F, 0x45534C43
def message(command, one, two, data=b""):
    head = struct.pack("<6I", command, one, two, len(data), sum(data), command ^ 0xFFFFFFFF)
    return head + data
class Device(socketserver.StreamRequestHandler):
    def handle(self):
        while len(head := self.rfile.read(24)) == 24:
            command, one, _, length, _, _ = struct.unpack("<6I", head)
            self.rfile.read(length)
            if command == CNXN:
                self.wfile.write(message(CNXN, 0x01000000, 4096, b"device::\0"))
            if command == OPEN:
                self.wfile.write(message(CLSE, 0, one))
server = socketserver.ThreadingTCPServer(("127.0.0.1", 5600), Device)
print("ready", flush=True)
server.serve_forever()
