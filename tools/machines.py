"""The two machines of every comparison, as QEMU command lines: the one that Umbra boots on, and the
one that a guest boots on natively, which is also the machine that Umbra imitates."""

QEMU = "qemu-system-x86_64"

# A Pentium III with what long mode, UMIP and protection keys need: instructions that a Pentium III
# lacks are absent, so that what runs natively is what the virtual CPU has.
UMBRA_CPU = "pentium3,level=7,xlevel=0x80000008,+lm,+nx,+syscall,+pku,+umip"
GUEST_CPU = "pentium3,-apic,-hypervisor,tcg-cpuid=off"

# A write of v to port F4h ends QEMU with exit status 2v + 1.
DEBUG_EXIT = ["-device", "isa-debug-exit,iobase=0xf4,iosize=0x04"]
POWER_OFF_STATUS = 0x10 << 1 | 1

# Runs repeat to the instruction, and RDTSC counts instructions.
ICOUNT = ["-icount", "shift=0,sleep=off", "-rtc", "base=2020-01-01,clock=vm"]


def common(serial, icount):
    """`serial` is QEMU's name of what COM1 is connected to: stdio, mon:stdio, file:..."""
    return ["-accel", "tcg", "-display", "none", "-monitor", "none", "-no-reboot",
            "-serial", serial, *DEBUG_EXIT, *(ICOUNT if icount else [])]


def umbra(iso, monitor_log, cpu=UMBRA_CPU, memory="512M", serial="stdio", icount=False):
    """Boots an ISO with the monitor; its messages (debugcon, port E9h) go to the file monitor_log."""
    return [QEMU, *common(serial, icount), "-M", "q35", "-cpu", cpu, "-m", memory,
            "-cdrom", iso, "-boot", "d",
            "-chardev", f"file,id=monitor,path={monitor_log}",
            "-device", "isa-debugcon,iobase=0xe9,chardev=monitor"]


def com2(socket):
    """More arguments for umbra(): its prompt and gdb's line. `socket` is QEMU's character device of
    that name: socket,path=... or socket,host=...,port=..."""
    return ["-chardev", f"{socket},id=com2,server=on,wait=off", "-serial", "chardev:com2"]


def native(kernel, cmdline="", memory="64M", serial="stdio", icount=False, modules=(), disk=None):
    """Boots a multiboot kernel on the bare machine."""
    command = [QEMU, *common(serial, icount), "-M", "isapc,vmport=off", "-cpu", GUEST_CPU,
               "-m", memory, "-kernel", kernel]
    if cmdline:
        command += ["-append", cmdline]
    if modules:
        command += ["-initrd", ",".join(modules)]
    if disk:  # what is written to it goes with the machine, as under Umbra
        command += ["-drive", f"file={disk},format=raw,if=ide,snapshot=on"]
    return command
