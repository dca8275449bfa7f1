"""COM2 of a machine: the monitor's prompt, and gdb's line."""

import re
import socket
import struct
import subprocess
import time


class Line:
    """Where COM2 comes out: a TCP port. (A Unix socket holds few of QEMU's one-byte messages, and the
    monitor does not wait for ever for a reader that has fallen behind.)"""

    def __init__(self, directory):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.log = directory / "com2.log"
        self.socket = None
        self.seen = b""

    def qemu_device(self):
        return f"socket,host=127.0.0.1,port={self.port}"

    def connect(self, deadline):
        while time.monotonic() < deadline:
            self.socket = socket.socket()
            self.socket.settimeout(0.2)
            if self.socket.connect_ex(("127.0.0.1", self.port)) == 0:
                return
            self.socket.close()
            time.sleep(0.05)

    def ask(self, text, marker, deadline):
        """Types a line; true when the marker, a regular expression, comes behind it in time."""
        at = len(self.seen)
        pattern = re.compile(marker)
        self.socket.sendall(text.encode() + b"\r")
        while not pattern.search(self.seen[at:].decode(errors="replace")):
            if time.monotonic() > deadline:
                return False
            try:
                chunk = self.socket.recv(4096)
            except TimeoutError:
                continue
            if not chunk:
                return False
            self.seen += chunk
            self.log.write_bytes(self.seen)
        return True

    def close(self):
        if self.socket:
            self.socket.close()


def entry_point(file):
    return struct.unpack_from("<I", file.read_bytes(), 24)[0]


def run_gdb(script, symbols, process, line, directory, seconds):
    """Runs a gdb script on the line; returns what gdb printed. `symbols` is the guest's ELF file,
    `process` that of its first process. What gdb and the stub said is kept in remote.log."""
    command = ["gdb", "--batch", "-nx", "-ex", f"set remotelogfile {directory / 'remote.log'}",
               "-ex", f"set $user = {entry_point(process):#x}",
               "-ex", f"target remote 127.0.0.1:{line.port}", "-x", str(script), str(symbols)]
    with open(directory / "gdb.log", "w+", encoding="utf-8", errors="replace") as log:
        try:
            subprocess.run(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                           timeout=seconds, check=False)
        except subprocess.TimeoutExpired:
            log.write(f"\nstopped after {seconds} s\n")
        log.seek(0)
        return log.read()
