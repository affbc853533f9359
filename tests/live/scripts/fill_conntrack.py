import socket, struct, sys
# Fills the table of tracked connections of this network namespace with connections
# that count as assured, so that none of them makes room for a new one.
AF = 2
def attr(kind, data):
    length = 4 + len(data)
    return struct.pack("=HH", length, kind) + data + b"\0" * (-length % 4)
NEST = 0x8000
def tuple_(src, dst, sport, dport):
    ip = attr(1 | NEST, attr(1, src) + attr(2, dst))
    proto = attr(2 | NEST, attr(1, b"\x06") + attr(2, struct.pack(">H", sport)) + attr(3, struct.pack(">H", dport)))
    return ip + proto
want = int(sys.argv[1])
sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
sock.setsockopt(socket.SOL_SOCKET, 32, 16 << 20)
sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
sock.setblocking(False)
batch = bytearray()
status = attr(3, struct.pack(">I", 2 | 4 | 8))
timeout = attr(7, struct.pack(">I", 600))
state = attr(4 | NEST, attr(1 | NEST, attr(1, b"\x03")))
made = 0
for n in range(want):
    src = struct.pack(">I", 0x0A000000 + n // 60000)
    dst = struct.pack(">I", 0x0B000001)
    port = 1024 + n % 60000
    body = struct.pack("=BBH", AF, 0, 0)
    body += attr(1 | NEST, tuple_(src, dst, port, 80)) + attr(2 | NEST, tuple_(dst, src, 80, port))
    body += status + timeout + state
    batch += struct.pack("=IHHII", 16 + len(body), 0x100, 0x1 | 0x400 | 0x200, 0, 0) + body
    if len(batch) > 60000 or n == want - 1:
        sock.send(batch)
        batch.clear()
        try:
            while True: sock.recv(65536)
        except BlockingIOError: pass
print("full", open("/proc/sys/net/netfilter/nf_conntrack_count").read().strip(), flush=True)
