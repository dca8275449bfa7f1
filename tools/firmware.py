"""The firmware of the machine that Umbra imitates, as its start leaves it: physical C0000h-FFFFFh
(video BIOS, QEMU's boot loader, BIOS with its variables and tables) at the first instruction of a
kernel. Captured by booting that machine once; a copy is kept until QEMU or the firmware changes."""

import json
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import tempfile

import machines

START, END = 0xC0000, 0x100000
TIMEOUT = 60  # seconds; a capture takes one

# All that the capture depends on.
SOURCES = [__file__, machines.__file__, shutil.which(machines.QEMU) or machines.QEMU,
           "/usr/share/seabios/bios.bin", "/usr/share/seabios/vgabios-cirrus.bin",
           "/usr/share/qemu/multiboot_dma.bin"]

# The kernel: a multiboot header with load addresses, then a triple fault.
LOAD = 0x100000
MAGIC, ADDRESSES_GIVEN = 0x1BADB002, 1 << 16
ENTRY, EMPTY_IDT, SIZE = LOAD + 0x28, LOAD + 0x38, 0x40


class Failed(Exception):
    """Says why there is no firmware, in one line."""


def kernel():
    checksum = -(MAGIC + ADDRESSES_GIVEN) & 0xFFFFFFFF
    header = struct.pack("<8I", MAGIC, ADDRESSES_GIVEN, checksum, LOAD, LOAD, LOAD + SIZE,
                         LOAD + SIZE, ENTRY)
    code = b"\x0f\x01\x1d" + struct.pack("<I", EMPTY_IDT) + b"\x0f\x0b"  # LIDT, UD2
    return (header.ljust(ENTRY - LOAD, b"\0") + code).ljust(SIZE, b"\0")


class Monitor:
    """QEMU's machine protocol (QMP): one JSON object a line."""

    def __init__(self, connection):
        connection.settimeout(TIMEOUT)
        self.lines = connection.makefile("rw", encoding="utf-8")
        self.wait("QMP")
        self.command("qmp_capabilities")

    def wait(self, key, value=None):
        """Reads on to an object that has this key (with this value)."""
        for line in self.lines:
            message = json.loads(line)
            if "error" in message:
                raise Failed(message["error"]["desc"])
            if key in message and value in (None, message[key]):
                return
        raise Failed("QEMU ended")

    def command(self, name, **arguments):
        self.lines.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
        self.lines.flush()
        self.wait("return")


def boot(directory, theirs):
    """Starts the machine, which stops where it would be reset: -no-shutdown keeps it as it is."""
    (directory / "kernel").write_bytes(kernel())
    command = machines.native(str(directory / "kernel"), serial="null", icount=True)
    command += ["-no-shutdown", "-chardev", f"socket,id=qmp,fd={theirs.fileno()}",
                "-mon", "chardev=qmp,mode=control"]
    with open(directory / "errors", "wb") as errors:
        return subprocess.Popen(command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL,
                                stderr=errors)


def capture(directory):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        try:
            qemu = boot(directory, theirs)
        except OSError as error:
            raise Failed(error) from error
        theirs.close()  # or the end of QEMU would not show
        try:
            monitor = Monitor(ours)
            monitor.wait("event", "STOP")
            monitor.command("pmemsave", val=START, size=END - START,
                            filename=str(directory / "memory"))
        except (Failed, OSError) as error:
            qemu.kill()
            qemu.wait()
            said = (directory / "errors").read_text(encoding="utf-8", errors="replace").strip()
            raise Failed(said or error) from error
        qemu.kill()
        qemu.wait()
    return (directory / "memory").read_bytes()


def check(memory):
    """An option ROM's mark at the start, a far jump at the reset vector."""
    if len(memory) != END - START or memory[:2] != b"\x55\xaa" or memory[-16] != 0xEA:
        raise Failed("the memory of the machine holds no firmware")


def is_fresh(file):
    """An installed file is as old as its package, but its ctime says when it came here."""
    return file.is_file() and all(os.stat(source).st_ctime <= file.stat().st_mtime
                                  for source in SOURCES if os.path.exists(source))


def ensure(file):
    """Makes `file` (256 KiB) unless it is there and fresh. Raises Failed."""
    if is_fresh(file):
        return
    with tempfile.TemporaryDirectory(prefix="umbra-firmware-") as name:
        memory = capture(pathlib.Path(name))
    check(memory)
    file.parent.mkdir(parents=True, exist_ok=True)
    # Others may be doing the same: each writes a file of its own, the last one stays.
    with tempfile.NamedTemporaryFile(dir=file.parent, delete=False) as new:
        new.write(memory)
    os.chmod(new.name, 0o644)
    os.replace(new.name, file)
