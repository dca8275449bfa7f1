#!/usr/bin/python3
"""Boots Umbra with hostile guests beside a peaceful one, again and again.

A round is one ISO: the demo guest, and hostile guests of different seeds. How a hostile guest ends is
its own business: it may finish, spin, or be ended by the monitor. What is checked is what it must not
reach: the monitor does not panic, the demo's transcript is the one of the bare machine, and the canary
frames around the memory of every VM are intact. Rounds go on until the wanted number of random bytes
was executed in each ring. Every round leaves its files in build/hostile/ROUND.
"""

import argparse
import difflib
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import machines  # noqa: E402  (found by the path above)

DEMO_LINE = "name=demo mem=64M -- script"
RINGS = ("user", "kernel")

# What the guests of a round do; the last is what no guest survives.
PLAN = ["stages=user", "stages=kernel",
        "stages=linear,paging,live,modify", "stages=selectors,transfers,tables,stacks",
        "stages=ports,msrs,control,nested,storms", "stages=wild"]


class Failed(Exception):
    """Why a round failed, in one line."""


class Void(Exception):
    """A round that says nothing about Umbra: QEMU itself broke down."""


@dataclass
class Options:
    build: Path
    seconds: int
    insns: int
    icount: bool
    native: list


def without_times(text):
    return [line for line in text.splitlines(keepends=True) if not line.startswith("~ ")]


def native_transcript(build):
    """What the demo prints on the bare machine."""
    command = machines.native(str(build / "guest/demo.elf"), "script", "64M")
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=120,
                          check=False)
    return without_times(done.stdout.decode(errors="replace"))


def of_vm(monitor, name):
    """The serial output of a VM that does not own COM1."""
    return "".join(re.findall(rf"^{name}\| (.*\n)", monitor, re.M))


class Round:
    """Seeds `seed`, `seed` + 1, ... beside the demo. In even rounds the demo owns COM1, in odd ones
    the first hostile guest."""

    def __init__(self, options, number, plan, seed):
        self.options = options
        self.directory = options.build / "hostile" / str(number)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.names = [f"h{seed + i}" for i in range(len(plan))]
        self.vms = [("hostile.elf", f"name=h{seed + i} mem=32M -- seed={seed + i} "
                                    f"insns={options.insns} {stages}")
                    for i, stages in enumerate(plan)]
        self.vms.insert(0 if number % 2 == 0 else len(self.vms), ("demo.elf", DEMO_LINE))

    def command(self):
        iso = self.directory / "umbra.iso"
        command = [str(ROOT / "tools/mkiso"), "-o", str(iso),
                   "--monitor", str(self.options.build / "hypervisor/umbra.elf")]
        for image, line in self.vms:
            command += ["--module", str(self.options.build / "guest" / image), "--line", line]
        subprocess.run(command, check=True)
        return machines.umbra(str(iso), str(self.directory / "monitor.log"), memory="1G",
                              serial=f"file:{self.directory / 'serial.log'}",
                              icount=self.options.icount)

    def read(self, name):
        file = self.directory / name
        return file.read_bytes().decode(errors="replace") if file.exists() else ""

    def transcript(self, monitor, name):
        return self.read("serial.log") if self.vms[0][1].startswith(f"name={name} ") \
            else of_vm(monitor, name)

    def wait(self, process):
        """Until all have ended, or the time is over: a guest may spin for ever."""
        deadline = time.monotonic() + self.options.seconds
        while process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.2)
        return process.poll()

    def boot(self):
        for name in ("monitor.log", "serial.log"):
            (self.directory / name).unlink(missing_ok=True)
        with open(self.directory / "qemu.log", "wb") as errors:
            process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stderr=errors)
            try:
                status = self.wait(process)
            finally:
                process.kill()
                process.wait()
        self.judge(status)

    def judge(self, status):
        monitor = self.read("monitor.log")
        if "umbra: panic" in monitor:
            raise Failed(re.search(r"umbra: panic.*", monitor).group())
        errors = self.read("qemu.log").strip()
        # Random instructions find bugs of QEMU's translator as well, on the bare machine too.
        if status == -signal.SIGABRT and re.search(r"tcg fatal error|Assertion", errors):
            raise Void(f"QEMU aborted: {errors}")
        if status is not None and status < 0:
            raise Failed(f"QEMU died of signal {-status}: {errors}")
        if "canaries BROKEN" in monitor:
            raise Failed(re.search(r".*canaries BROKEN.*", monitor).group())
        if "umbra: demo: memory canaries intact" not in monitor:
            raise Failed(f"the neighbour did not end within {self.options.seconds} s")
        for name in self.names:
            if "WRONG" in self.transcript(monitor, name):
                raise Failed(re.search(r".*WRONG.*", self.transcript(monitor, name)).group())
        lines = without_times(self.transcript(monitor, "demo"))
        diff = list(difflib.unified_diff(self.options.native, lines, "native", "beside", n=1))
        if diff:
            raise Failed("the neighbour's transcript differs:\n" + "".join(diff[:10]).rstrip())

    def run(self):
        """(verdict, why)"""
        try:
            self.boot()
            return "passed", ""
        except Failed as reason:
            return "failed", f"{reason}: "
        except Void as reason:
            return "void", f"{reason}: "

    def executed(self, ring):
        """Random bytes that were executed in a ring, by all guests."""
        monitor, total = self.read("monitor.log"), 0
        for name in self.names:
            counts = re.findall(rf"{ring} bytes (\d+)", self.transcript(monitor, name))
            total += max(map(int, counts), default=0)
        return total

    def endings(self):
        monitor = self.read("monitor.log")
        ends = [re.search(rf"^umbra: {name}: ended: (.*)", monitor, re.M) for name in self.names]
        return ", ".join(f"{name} {end.group(1) if end else 'still running'}"
                         for name, end in zip(self.names, ends))


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, default=ROOT / "build", help="where all was built")
    parser.add_argument("--bytes", type=int, default=10_000_000,
                        help="random bytes to execute in each ring (%(default)s)")
    parser.add_argument("--insns", type=int, default=1 << 18,
                        help="of these, in one guest at most (%(default)s)")
    parser.add_argument("--seconds", type=int, default=240, help="a round's time (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="the first seed")
    parser.add_argument("--icount", action="store_true",
                        help="count instructions: a run that repeats exactly")
    parser.add_argument("--rounds", type=int, default=80, help="no more rounds than this")
    arguments = parser.parse_args()

    options = Options(arguments.build.resolve(), arguments.seconds, arguments.insns,
                      arguments.icount,
                      native_transcript(arguments.build.resolve()))
    sums, counts = dict.fromkeys(RINGS, 0), dict.fromkeys(("passed", "failed", "void"), 0)
    for number in range(arguments.rounds):
        missing = [ring for ring in RINGS if sums[ring] < arguments.bytes]
        if number >= 2 and not missing:
            break
        # The first two rounds do everything; later ones only what bytes are missing.
        plan = PLAN if number < 2 else [f"stages={ring}" for ring in missing for _ in range(3)]
        this = Round(options, number, plan, arguments.seed + number * 8)
        started = time.monotonic()
        verdict, reason = this.run()
        counts[verdict] += 1
        for ring in RINGS:
            sums[ring] += this.executed(ring) if verdict != "void" else 0
        print(f"  {verdict:6} round {number}, {time.monotonic() - started:.0f} s: {reason}"
              f"{this.endings()}; random bytes so far: {sums['kernel']} kernel, {sums['user']} user",
              flush=True)
    short = [ring for ring in RINGS if sums[ring] < arguments.bytes]
    print(f"hostile: random bytes executed: {sums['kernel']} in kernel mode, {sums['user']} in user "
          f"mode{', fewer than wanted' if short else ''}; {counts['void']} rounds void")
    print(f"hostile: {counts['passed']} passed, {counts['failed']} failed")
    sys.exit(1 if counts["failed"] or not counts["passed"] or short else 0)


if __name__ == "__main__":
    main()
