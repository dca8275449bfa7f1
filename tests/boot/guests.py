#!/usr/bin/python3
"""Boots the kernels of others (tools/fetch-guests) on the bare machine and under Umbra, each until it
shows that it runs: a marker on its serial line or on its text screen.

Every boot leaves its files in build/tests/guests/NAME-MACHINE. The table is written to
build/report/guests.json, and what trapped to build/report/NAME.json, .csv, .txt and .svg."""

import argparse
import concurrent.futures
import difflib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import debugger
from run import Failed, Machine, find_markers, machines  # run.py has put tools/ on the path
import firmware

ROOT = Path(__file__).resolve().parents[2]

COLUMNS, ROWS = 80, 25
TEXT_MEMORY = 0xB8000

PROMPT = r"\nguest# "
POWER_OFF = r"printf '\020' | dd of=/dev/port bs=1 seek=244" + "\n"
SHELL = [(PROMPT, "uname -r; cat /proc/uptime | wc -l\n"),
         (r"\n6\.1\.[-.0-9a-z]+\s+1\r?" + PROMPT, POWER_OFF)]


@dataclass
class Guest:
    """A kernel, how it is booted, and how it is known to run. `talk` is typed: (marker on the serial
    line, text); a guest that is told to power off has to. `screen` are markers on the text screen.
    `same` compares the serial line with that of the bare machine: the time of both is
    counted in instructions then, and does not depend on what else the host does, and the speeds that
    both have measured must agree. `parts` compares
    each program that it runs by itself (guest/workload/): then it also powers off by itself."""

    image: str
    cmdline: str = ""
    mem: str = "64M"
    initrd: str = ""
    disk: str = ""
    talk: list = field(default_factory=list)
    serial: list = field(default_factory=list)
    screen: list = field(default_factory=list)
    same: bool = False
    icount: bool = False # time counts instructions although no logs are compared
    parts: bool = False
    resets: bool = False # it resets the machine, and boots again
    halts: bool = False  # it stops for good in the end, which ends its VM, and does not power off
    host_mem: str = "512M"
    keys: str = ""       # more of its module line
    native: bool = True  # QEMU's loader knows it
    timeout: int = 400   # seconds, for native and trap; interp gets INTERP_TIMES as much


LINUX = {"mem": "128M", "initrd": "initrd.img", "talk": SHELL}
# No chips to wait for, no self-tests: what boots soonest.
QUICK = "console=ttyS0 nokaslr noisapnp cryptomgr.notests pci=off"

WORKLOAD = {"mem": "256M", "icount": True, "initrd": "workload.img", "disk": "disk.img", "host_mem": "768M",
            "timeout": 480}

GUESTS = {
    "linux": Guest("linux.bzimage", "console=ttyS0 nokaslr", same=True, **LINUX),
    "linux-kaslr": Guest("linux.bzimage", "console=ttyS0", **LINUX),
    "linux-elf": Guest("linux.elf", QUICK, native=False, **LINUX),
    # As on processors that have less: FSAVE, INT 80h, 4 KiB pages, none of them global.
    "linux-lean": Guest("linux.bzimage", QUICK + " clearcpuid=sep,pse,pge,fxsr,sse", same=True,
                        **LINUX),
    "linux-pae": Guest("linux-pae.bzimage", "console=ttyS0 nokaslr", same=True, **LINUX),
    "workload": Guest("linux.bzimage", "console=ttyS0 nokaslr run=/workload/workload", parts=True,
                      **WORKLOAD),
    "detectors": Guest("linux.bzimage", "console=ttyS0 nokaslr run=/workload/detectors", parts=True,
                       keys="user=exposed", **WORKLOAD),
    "linux-reboot": Guest("linux.bzimage", QUICK, resets=True, mem="128M", initrd="initrd.img",
                          talk=[
        (PROMPT, "reboot -f\n"),
        (r"reboot: machine restart[\s\S]*\] Linux version 6[\s\S]*" + PROMPT, POWER_OFF)]),
    "linux-halt": Guest("linux.bzimage", QUICK, halts=True, mem="128M", initrd="initrd.img",
                        talk=[(PROMPT, "poweroff -f\n")], serial=[r"reboot: System halted"]),
    "memtest": Guest("memtest.bzimage", screen=[
        r"Memtest86\+ v6\.10 +. Pentium III", r"Test +\d+% #", r"\d+MB \[\d+MB of ",
        r"Status: Testing", r"Errors: 0\b"]),
    "mach": Guest("mach.elf", "console=com0", same=True, serial=[
        r"GNU Mach 1\.8", r"hd2: QEMU DVD-ROM", r"Floppy drive\(s\): fd0 is 2.88M",
        r"panic .* No bootstrap code loaded with the kernel!"]),
    "invaders": Guest("invaders.elf", screen=[r"(-\*- +){5}.*\n.*-\*-", r"/ \\"]),
}

SHORT = [(name, machine) for name in ("linux", "memtest", "mach", "invaders")
         for machine in ("native", "trap")]
# The one that takes longest comes first, beside all others.
FULL = [(name, "interp") for name in ("linux-elf", "memtest", "mach", "invaders")]
FULL += [(name, machine) for name, guest in GUESTS.items() for machine in ("native", "trap")
         if guest.native or machine != "native"]
INTERP_TIMES = 6
# What `make run` refuses: (its variables, what it says).
REFUSED = [
    (["GUEST=nonesuch"], r"GUEST=nonesuch: no such file, and not one of .*\blinux\b"),
    (["GUEST=README.md", "INITRD=nonesuch"], r"INITRD=nonesuch: no such file"),
]
COLUMNS_SHOWN = ("native", "trap", "interp", "same log")

# What differs between two boots of one machine: (pattern, what it becomes, cause). Figures are left
# out, never lines.
VOLATILE = [
    (r"^\[ *\d+\.\d+\] ", "", "time"),
    (r"tsc: Detected [\d.]+ MHz", "tsc: Detected ... MHz", "measured speed of the processor"),
    (r"(clocksource: tsc.* max_cycles:) 0x\w+, max_idle_ns: \d+", r"\1 ...",
     "measured speed of the processor"),
    (r"[\d.]+ BogoMIPS( \(lpj=\d+\))?", "... BogoMIPS", "measured speed of the processor"),
    (r"sched_clock: Marking stable \(.*", "sched_clock: Marking stable", "time"),
    (r"audit\([\d.]+:", "audit(...:", "time of day"),
    (r"setting system clock to .*", "setting system clock", "time of day"),
    (r"RTC time is .*", "RTC time is ...", "time of day"),
]
# Where nothing was measured, or nothing that is right, that is no figure to leave out.
SPEED = r"(?i)tsc: Detected ([\d.]+) MHz|([\d.]+) BogoMIPS|(?:BogoMIPS|cpu MHz)\s*: +([\d.]+)"
SPEED_TOLERANCE = 0.01
NOT_MEASURED = "could not calculate TSC khz"

# Said by threads of their own: their place among the other lines depends on time. They come last.
ASYNCHRONOUS = r"input: |random: crng init|clocksource: Switched|Freeing initrd memory|rtc_cmos "

# Likewise in what programs print: (pattern, what it becomes, cause); None: the line goes.
VOLATILE_OUTPUT = [
    (r"(?i)^( *BogoMIPS\s*: +|cpu MHz\s*: +)[\d.]+$", r"\1...", "measured speed of the processor"),
    (r"^ *000ca000-000ca[0-9a-f]{3} : Adapter ROM$", None,
     "the ROM with which QEMU loads Linux; Umbra leaves there what loads multiboot kernels"),
    (r"^Time: [\d.]+$", "Time: ...", "rate"),
    (r"\(process \d+\)|\[Inferior 1 \(process \d+\) ", "(process ...)",
     "process number: the kernel makes and ends threads of its own as time goes by"),
]


def parts_of(text):
    """{name: lines} of what each program printed, its exit status last; in their order."""
    parts = {}
    for part in re.split(r"^=== (?=\S+\r?$)", text, flags=re.M)[1:]:
        name, *lines = part.splitlines()
        for pattern, instead, _ in VOLATILE_OUTPUT:
            lines = [line if instead is None else re.sub(pattern, instead, line) for line in lines
                     if instead is not None or not re.search(pattern, line)]
        ends = [at for at, line in enumerate(lines) if line.startswith("=== status ")]
        parts[name] = lines[:ends[0] + 1] if ends else lines
    return parts


def compare_speeds(native, trap):
    """What was measured by one clock and counted by another, natively and under Umbra."""
    native, trap = ([float("".join(match)) for match in re.findall(SPEED, text)]
                    for text in (native, trap))
    if len(native) != len(trap) or any(
            not wanted or abs(found - wanted) > wanted * SPEED_TOLERANCE
            for wanted, found in zip(native, trap)):
        raise Failed(f"measured speeds differ: {native}, {trap}")


def comparable(text):
    """The lines of a boot log without what depends on time."""
    lines = [line.rstrip() for line in text.splitlines()]
    for pattern, instead, _ in VOLATILE:
        lines = [re.sub(pattern, instead, line) for line in lines]
    return sorted(lines, key=lambda line: line if re.search(ASYNCHRONOUS, line) else "")


class Screen:
    """The text screen of a machine, read from its memory: a guest's own, or the one on which Umbra
    shows its guest's."""

    def __init__(self, directory):
        self.file = directory / "screen.bin"
        self.ours, self.theirs = socket.socketpair()
        self.monitor = None

    def arguments(self):
        return ["-chardev", f"socket,id=qmp,fd={self.theirs.fileno()}",
                "-mon", "chardev=qmp,mode=control"]

    def rows(self):
        try:
            if self.monitor is None:
                self.monitor = firmware.Monitor(self.ours)
            self.monitor.command("pmemsave", val=TEXT_MEMORY, size=2 * COLUMNS * ROWS,
                                 filename=str(self.file))
        except (firmware.Failed, OSError):
            return ""
        text = self.file.read_bytes()[::2].decode("cp437").replace("\0", " ")
        rows = [text[at:at + COLUMNS].rstrip() for at in range(0, len(text), COLUMNS)]
        (self.file.with_suffix(".txt")).write_text("\n".join(rows) + "\n", encoding="utf-8")
        return "\n".join(rows)

    def close(self):
        self.ours.close()
        self.theirs.close()


class Boot:
    """One guest on one machine."""

    def __init__(self, build, name, machine):
        self.build = build
        self.name, self.machine_name = name, machine
        self.guest = GUESTS[name]
        self.directory = build / "tests/guests" / f"{name}-{machine}"
        shutil.rmtree(self.directory, ignore_errors=True)
        self.directory.mkdir(parents=True)

    def file(self, name):
        return str(self.build / "guests" / name)

    def native(self):
        guest = self.guest
        command = machines.native(self.file(guest.image), guest.cmdline, guest.mem,
                                  disk=self.file(guest.disk) if guest.disk else None,
                                  modules=[self.file(guest.initrd)] if guest.initrd else [],
                                  icount=guest.same or guest.icount)
        return [word for word in command if word != "-no-reboot" or not guest.resets]

    def umbra(self, line):
        guest = self.guest
        iso = self.directory / "umbra.iso"
        command = [str(ROOT / "tools/mkiso"), "-o", str(iso),
                   "--monitor", str(self.build / "hypervisor/umbra.elf"),
                   "--module", self.file(guest.image), "--line",
                   f"name={self.name} mem={guest.mem} engine={self.machine_name} "
                   f"{guest.keys} -- {guest.cmdline}"]
        if guest.initrd:
            command += ["--module", self.file(guest.initrd), "--line", f"for={self.name}"]
        if guest.disk:
            command += ["--module", self.file(guest.disk), "--line", f"disk={self.name}"]
        made = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if made.returncode:
            raise Failed(made.stdout.decode(errors="replace").strip())
        return machines.umbra(str(iso), str(self.directory / "monitor.log"),
                              memory=guest.host_mem,
                              icount=guest.same or guest.icount) + \
            machines.com2(line.qemu_device())

    def run(self):
        line = None if self.machine_name == "native" else debugger.Line(self.directory)
        screen = Screen(self.directory)
        machine = None
        try:
            command = self.umbra(line) if line else self.native()
            machine = Machine(command + screen.arguments(), self.directory,
                              pass_fds=[screen.theirs.fileno()])
            limit = self.guest.timeout * (INTERP_TIMES if self.machine_name == "interp" else 1)
            self.watch(machine, screen, time.monotonic() + limit)
            if line:
                self.report(machine, line)
                if NOT_MEASURED in machine.serial():
                    raise Failed(f"its clocks disagree: {NOT_MEASURED}")
        finally:
            if machine:
                machine.stop()
            screen.close()
            if line:
                line.close()

    def watch(self, machine, screen, deadline):
        at = 0
        for marker, text in self.guest.talk:
            pattern = re.compile(marker)
            if not machine.poll(lambda p=pattern: p.search(machine.serial(), at), deadline):
                raise Failed(f"serial line: no {marker!r}; last: {machine.serial()[-80:]!r}")
            at = pattern.search(machine.serial(), at).end()
            machine.type(text)
        if self.guest.halts and self.machine_name != "native":
            self.wait_for_end(machine, deadline)
        elif (self.guest.talk or self.guest.parts) and not self.guest.halts:
            machine.poll(lambda: False, deadline)
            if machine.process.poll() != machines.POWER_OFF_STATUS:
                raise Failed(f"no power-off, but exit status {machine.process.poll()}")
        while (missing := self.missing(machine, screen)) is not None:
            if time.monotonic() > deadline or machine.process.poll() is not None:
                raise Failed(f"no {missing!r}")
            time.sleep(0.5)

    def wait_for_end(self, machine, deadline):
        machine.poll(lambda: False, deadline)
        if not re.search(r": ended: halted with interrupts disabled", machine.monitor()):
            raise Failed("it did not come to its end")

    def missing(self, machine, screen):
        missing = find_markers(self.guest.serial, machine.serial())
        if missing is None and self.guest.screen:
            missing = find_markers(self.guest.screen, screen.rows())
        return missing

    def report(self, machine, line):
        """What trapped: told at the VM's end, or when asked."""
        if machine.process.poll() is None:
            deadline = time.monotonic() + 30
            line.connect(deadline)
            if not line.ask("report", r"the way out and in takes \d+\r?\n[^$]*\(umbra\) $", deadline):
                raise Failed("the prompt gives no trap report")
        if "PANIC" in machine.monitor():
            raise Failed("Umbra panicked")
        made = subprocess.run([str(ROOT / "tools/report"), str(machine.monitor_log), "--output",
                               str(self.build / f"report/{self.name}-{self.machine_name}")],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if made.returncode:
            raise Failed(made.stdout.decode(errors="replace").strip())


class Tests:
    def __init__(self, build):
        self.build = build.resolve()
        self.table = []

    def verdict(self, name, machine, test):
        started = time.monotonic()
        failure = None
        try:
            test()
        except Failed as reason:
            failure = str(reason)
        except Exception as error:  # a bug here is a failed test, not the end of all others
            failure = f"{type(error).__name__}: {error}"
        seconds = time.monotonic() - started
        self.table.append({"guest": name, "machine": machine, "reached": failure is None,
                           "seconds": round(seconds, 1), "failure": failure})
        label = f"{name}: {machine}"
        print(f"  {'FAIL' if failure else 'ok':4} {label:36} {seconds:5.1f} s", flush=True)
        if failure:
            print("       " + failure.replace("\n", "\n       "), flush=True)
        return failure is None

    def fetch(self, names):
        files = {file.partition(".")[0] for name in names
                 for file in (GUESTS[name].image, GUESTS[name].initrd, GUESTS[name].disk)
                 if file}
        done = subprocess.run([str(ROOT / "tools/fetch-guests"),
                               *sorted(files)],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if done.returncode:
            raise Failed(done.stdout.decode(errors="replace").strip())

    def boot(self, name, machine):
        return self.verdict(name, machine, lambda: Boot(self.build, name, machine).run())

    def refused(self, variables, complaint):
        """`make run` with these variables, which name what is not there, says so and boots nothing."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
        done = subprocess.run(["make", "-s", "run", *variables], cwd=ROOT, env=clean, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300)
        if done.returncode == 0 or not re.search(complaint, done.stdout):
            raise Failed(f"exit status {done.returncode}: {done.stdout[-300:]}")

    def show(self):
        """Guest by machine: the seconds it took, or that it failed."""
        cells = {(row["guest"], row["machine"]): f"{row['seconds']:.0f} s" if row["reached"] else "FAIL"
                 for row in self.table}
        print(f"\n  {'':14}" + "".join(f"{column:>10}" for column in COLUMNS_SHOWN))
        for name in GUESTS:
            row = [cells.get((name, column), "-") for column in COLUMNS_SHOWN]
            if any(cell != "-" for cell in row):
                print(f"  {name:14}" + "".join(f"{cell:>10}" for cell in row))

    def compare(self, name):
        logs = [self.build / f"tests/guests/{name}-{machine}/serial.log"
                for machine in ("native", "trap")]
        texts = [log.read_text(errors="replace") for log in logs]
        compare_speeds(*texts)
        lines = [comparable(text) for text in texts]
        diff = list(difflib.unified_diff(*lines, "native", "trap", n=1, lineterm=""))
        (logs[1].parent / "serial.diff").write_text("\n".join(diff) + "\n", encoding="utf-8")
        if diff:
            raise Failed("boot logs differ:\n" + "\n".join(diff[:24]))
        if len(lines[0]) < 20:
            raise Failed("there is next to nothing to compare")

    def compare_parts(self, name):
        """A verdict on each program, and the table build/report/NAME-programs.json."""
        texts = [(self.build / f"tests/guests/{name}-{machine}/serial.log")
                 .read_text(errors="replace") for machine in ("native", "trap")]
        compare_speeds(*texts)
        native, trap = map(parts_of, texts)
        rows = [{"program": part, "native": native.get(part, ["absent"])[-1],
                 "trap": trap.get(part, ["absent"])[-1], "lines": len(native.get(part, [])),
                 "same": native.get(part) == trap.get(part)} for part in {**native, **trap}]
        (self.build / f"report/{name}-programs.json").write_text(
            json.dumps({"schema": 1, "programs": rows}, indent=1) + "\n", encoding="utf-8")
        for row in rows:
            self.verdict(name, row["program"], lambda part=row["program"]: same_part(
                native.get(part, []), trap.get(part, [])))
        if not rows:
            raise Failed("no program has run")


def same_part(native, trap):
    diff = list(difflib.unified_diff(native, trap, "native", "trap", n=1, lineterm=""))
    if diff:
        raise Failed("its output differs:\n" + "\n".join(diff[:24]))
    if not re.fullmatch(r"=== status \d+", native[-1]):
        raise Failed("it has not ended")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("patterns", nargs="*",
                        help="regular expressions of NAME: MACHINE; default: all")
    parser.add_argument("--short", action="store_true", help="what `make test` boots")
    parser.add_argument("--build", type=Path, default=ROOT / "build", help="where all was built")
    parser.add_argument("--result", type=Path, help="file that gets 'PASSED FAILED'")
    options = parser.parse_args()

    tests = Tests(options.build)
    boots = [(name, machine) for name, machine in (SHORT if options.short else FULL)
             if not options.patterns or
             any(re.search(p, f"{name}: {machine}") for p in options.patterns)]
    for variables, complaint in REFUSED if not options.patterns else []:
        tests.verdict(" ".join(variables), "refused",
                      lambda v=variables, c=complaint: tests.refused(v, c))
    if tests.verdict("all", "fetched", lambda: tests.fetch([name for name, _ in boots])):
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda boot: tests.boot(*boot), boots))
        reached = {(row["guest"], row["machine"]) for row in tests.table if row["reached"]}
        for name in GUESTS:
            if GUESTS[name].same and {(name, "native"), (name, "trap")} <= reached:
                tests.verdict(name, "same log", lambda n=name: tests.compare(n))
            if GUESTS[name].parts and {(name, "native"), (name, "trap")} <= reached:
                tests.verdict(name, "programs ran", lambda n=name: tests.compare_parts(n))
    tests.show()
    report = options.build / "report/guests.json"
    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_text(json.dumps({"schema": 1, "boots": tests.table}, indent=1) + "\n",
                      encoding="utf-8")
    passed = sum(row["reached"] for row in tests.table)
    failed = len(tests.table) - passed
    if options.result:
        options.result.parent.mkdir(parents=True, exist_ok=True)
        options.result.write_text(f"{passed} {failed}\n", encoding="ascii")
    print(f"guests: {passed} passed, {failed} failed")
    sys.exit(1 if failed or not boots else 0)


if __name__ == "__main__":
    main()
