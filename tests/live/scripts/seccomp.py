import ctypes, os, struct, sys
# Forbids every internet socket, as sandboxes of agents do, then runs the rest.
libc = ctypes.CDLL(None, use_errno=True)
number = {"x86_64": 41, "aarch64": 198}[os.uname().machine]
def op(code, jt, jf, k): return struct.pack("=HBBI", code, jt, jf, k)
program = b"".join([
    op(0x20, 0, 0, 0),                 # the call
    op(0x15, 0, 4, number),            # socket?
    op(0x20, 0, 0, 16),                # its family
    op(0x15, 1, 0, 2),                 # AF_INET
    op(0x15, 0, 1, 10),                # AF_INET6
    op(0x06, 0, 0, 0x00050000 | 1),    # EPERM
    op(0x06, 0, 0, 0x7FFF0000),        # allowed
])
kept = ctypes.create_string_buffer(program)
class Prog(ctypes.Structure): _fields_ = [("len", ctypes.c_ushort), ("filter", ctypes.c_void_p)]
prog = Prog(len(program) // 8, ctypes.addressof(kept))
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, ctypes.byref(prog)) == 0
os.execv(sys.argv[1], sys.argv[1:])
