#!/usr/bin/python3
"""Boots Umbra with hostile guests beside a peaceful one, again and again.

A round is one ISO: the demo guest, and up to seven hostile guests, each with a stage and a seed of
its own. How a hostile guest ends is its own business: it may finish, stop itself, or stop getting
on, and then it is killed at the monitor's prompt. What is checked is what it must not reach: the
monitor does not panic and its prompt answers, the demo's transcript is the one of the bare machine,
and the canary frames around the memory of every VM are intact. Rounds go on until every stage was
done to its end and the wanted number of random bytes was executed in each ring. Every round leaves
its files in build/hostile/ROUND; `build/hostile.json` sums up.
"""

import argparse
import concurrent.futures
import contextlib
import difflib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tests/boot")]
import machines  # noqa: E402  (found by the path above)
from debugger import Line  # noqa: E402

DEMO_LINE = "name=demo mem=64M -- script"
GUESTS = 7  # hostile ones in a round: with the demo as many VMs as Umbra takes

# A stage that goes through all there is of something is done when one guest came to its end; one
# that draws its attempts at random is done when so many were made, by any number of guests.
STAGES = {"linear": None, "ports": None, "msrs": None, "control": None, "modify": None,
          "selectors": None, "paging": 4096, "live": 2048, "transfers": 16384, "tables": 6144,
          "stacks": 20480, "nested": 8192, "storms": 1024}
RINGS = ("kernel", "user")  # done in bytes
WILD = "wild"               # nobody survives it: WILD_GUESTS die in it, time and again
WILD_GUESTS = 6
TRIES = 12                  # guests that one stage may cost

# A guest that says nothing new has lost itself: after so much time of the host's processor for each
# guest that shares it (a busy host makes nobody lost), or, where all guests sleep, after so long.
STALL_CPU_SECONDS = 1.5
STALL_CPU_SECONDS_MIN = 4
STALL_SECONDS = 60

COUNTED = re.compile(r"hostile: seed \d+: (\w+): (so far|done): attempts (\d+) events (\d+) "
                     r"bytes (\d+)")


class Failed(Exception):
    """Why a round failed, in one line."""


class Void(Exception):
    """A round that says nothing about Umbra: QEMU itself broke down."""


@dataclass
class Options:
    build: Path
    seconds: int
    icount: bool
    native: list


@dataclass
class Guest:
    """A hostile guest, and what became of it."""

    stage: str
    seed: int
    bytes: int
    attempts: int = 0
    events: int = 0
    executed: int = 0  # random bytes
    done: bool = False
    ending: str = "still running"

    @property
    def name(self):
        return f"h{self.seed}"

    def line(self):
        size = f" bytes={self.bytes}" if self.bytes else ""
        return f"name={self.name} mem=32M -- seed={self.seed} stages={self.stage}{size}"

    def read(self, transcript):
        """A guest that was reset begins again, with the same numbers: no sum, the most counts."""
        for stage, what, *numbers in COUNTED.findall(transcript):
            if stage != self.stage:
                continue
            attempts, events, executed = map(int, numbers)
            self.attempts = max(self.attempts, attempts)
            self.events = max(self.events, events)
            self.executed = max(self.executed, executed)
            self.done |= what == "done"


def without_times(text):
    """Without CRs, too: the monitor's channel shows no control characters of a guest's."""
    lines = text.replace("\r\n", "\n").splitlines(keepends=True)
    return [line for line in lines if not line.startswith("~ ")]


def native_transcript(build):
    """What the demo prints on the bare machine."""
    command = machines.native(str(build / "guest/demo.elf"), "script", "64M")
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=120,
                          check=False)
    return without_times(done.stdout.decode(errors="replace"))


def of_vm(monitor, name):
    """The serial output of a VM that does not own COM1."""
    return "".join(re.findall(rf"^{name}\| (.*\n)", monitor, re.M))


def cpu_seconds(pid):
    """What a process has used of the host's processor."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except OSError:  # it has just ended
        return 0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Watch:
    """Who gets on, and who is to be killed."""

    def __init__(self, guests, pid):
        self.pid = pid
        self.news = {guest.name: (0, *self.now()) for guest in guests}

    def now(self):
        return time.monotonic(), cpu_seconds(self.pid)

    def stalled(self, guest, transcript, beside):
        """True once: the clock begins anew, so that an order that got lost is given again."""
        length, since, cpu_since = self.news[guest.name]
        now, cpu_now = self.now()
        limit = max(STALL_CPU_SECONDS_MIN, STALL_CPU_SECONDS * beside)
        if len(transcript) != length:
            self.news[guest.name] = (len(transcript), now, cpu_now)
        elif now - since > STALL_SECONDS or cpu_now - cpu_since > limit:
            self.news[guest.name] = (length, now, cpu_now)
            return True
        return False


class Round:
    """The guests beside the demo. In even rounds the demo owns COM1, in odd ones the first guest."""

    def __init__(self, options, number, guests):
        self.options = options
        self.number = number
        self.guests = guests
        self.directory = options.build / "hostile" / str(number)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.verdict, self.reason, self.seconds = "running", "", 0
        self.process = None
        self.vms = [("hostile.elf", guest.line()) for guest in guests]
        self.vms.insert(0 if number % 2 == 0 else len(self.vms), ("demo.elf", DEMO_LINE))

    def command(self, line):
        iso = self.directory / "umbra.iso"
        command = [str(ROOT / "tools/mkiso"), "-o", str(iso),
                   "--monitor", str(self.options.build / "hypervisor/umbra.elf")]
        for image, module in self.vms:
            command += ["--module", str(self.options.build / "guest" / image), "--line", module]
        subprocess.run(command, check=True)
        return machines.umbra(str(iso), str(self.directory / "monitor.log"), memory="1G",
                              serial=f"file:{self.directory / 'serial.log'}",
                              icount=self.options.icount) + machines.com2(line.qemu_device())

    def read(self, name):
        file = self.directory / name
        return file.read_bytes().decode(errors="replace") if file.exists() else ""

    def transcript(self, monitor, name):
        return self.read("serial.log") if self.vms[0][1].startswith(f"name={name} ") \
            else of_vm(monitor, name)

    def look(self):
        """Reads how far the guests are; returns the monitor's messages."""
        monitor = self.read("monitor.log")
        for guest in self.guests:
            guest.read(self.transcript(monitor, guest.name))
            end = re.search(rf"^umbra: {guest.name}: ended: (.*)", monitor, re.M)
            guest.ending = end.group(1) if end else guest.ending
        return monitor

    def alive(self):
        return [guest for guest in self.guests if guest.ending == "still running"]

    def watch(self, process, line):
        """Until all have ended; whoever does not get on is helped to."""
        deadline = time.monotonic() + self.options.seconds
        line.connect(deadline)
        watch = Watch(self.guests, process.pid)
        while process.poll() is None:
            time.sleep(0.5)
            monitor = self.look()
            over = time.monotonic() > deadline
            for guest in self.alive():
                transcript = self.transcript(monitor, guest.name)
                if over or watch.stalled(guest, transcript, len(self.alive())) or \
                   self.replays(guest, monitor):
                    self.kill(guest, process, line)
            if over and process.poll() is None:
                line.ask("quit", "ended", time.monotonic() + 10)
                time.sleep(2)
                return

    @staticmethod
    def replays(guest, monitor):
        """After a reset the same numbers come again: nothing new but in `wild`."""
        return guest.stage != WILD and f"\numbra: {guest.name}: reset\n" in monitor

    @staticmethod
    def kill(guest, process, line):
        try:
            answers = line.ask(f"kill {guest.name}", r"\(umbra\) $", time.monotonic() + 20)
        except OSError:
            answers = False
        if not answers and process.poll() is None:
            raise Failed(f"the prompt does not answer: {guest.name} cannot be killed")

    def boot(self):
        for name in ("monitor.log", "serial.log", "com2.log"):
            (self.directory / name).unlink(missing_ok=True)
        line = Line(self.directory)
        with open(self.directory / "qemu.log", "wb") as errors:
            process = subprocess.Popen(self.command(line), stdin=subprocess.DEVNULL, stderr=errors)
            self.process = process
            try:
                self.watch(process, line)
            finally:
                status = process.poll()
                process.kill()
                process.wait()
                line.close()
        self.judge(status)

    def judge(self, status):
        monitor = self.look()
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
        for name in ["demo", *(guest.name for guest in self.guests)]:
            if f"umbra: {name}: memory canaries intact" not in monitor:
                raise Failed(f"{name} did not end within {self.options.seconds} s")
            if "WRONG" in self.transcript(monitor, name):
                raise Failed(re.search(r".*WRONG.*", self.transcript(monitor, name)).group())
        lines = without_times(self.transcript(monitor, "demo"))
        diff = list(difflib.unified_diff(self.options.native, lines, "native", "beside", n=1))
        if diff:
            raise Failed("the neighbour's transcript differs:\n" + "".join(diff[:10]).rstrip())

    def stop(self):
        if self.process:
            self.process.kill()

    def run(self):
        started = time.monotonic()
        try:
            self.boot()
            self.verdict = "passed"
        except Failed as reason:
            self.verdict, self.reason = "failed", str(reason)
        except Void as reason:
            self.verdict, self.reason = "void", str(reason)
        self.seconds = time.monotonic() - started
        return self

    def line(self):
        """What is printed of it."""
        ends = ", ".join(f"{guest.stage} {'done' if guest.done else guest.ending}"
                         for guest in self.guests)
        reason = f"{self.reason}: " if self.reason else ""
        return f"  {self.verdict:6} round {self.number}, {self.seconds:.0f} s: {reason}{ends}"


class Campaign:
    """What is still to be done, and what was."""

    def __init__(self, options, arguments):
        self.options = options
        self.arguments = arguments
        self.next_seed = arguments.seed
        self.rounds, self.running = [], []
        self.started = time.monotonic()

    def guests(self):
        return [guest for this in self.rounds if this.verdict != "void" for guest in this.guests]

    def of_stage(self, stage, running=False):
        return [guest for guest in self.guests() if guest.stage == stage] + \
               [guest for this in self.running if running for guest in this.guests
                if guest.stage == stage]

    def executed(self, ring, running=False):
        return sum(guest.executed for guest in self.of_stage(ring, running))

    def is_done(self, stage, running=False):
        guests = self.of_stage(stage, running)
        if stage == WILD:
            return len(guests) >= WILD_GUESTS
        if any(guest.done for guest in guests):
            return True
        return STAGES[stage] and sum(guest.attempts for guest in guests) >= STAGES[stage]

    def is_missing(self, stage):
        """Is another guest to try this stage? It is when it is not done, and nobody is at it."""
        at_work = any(guest.stage == stage for this in self.running for guest in this.alive())
        return not at_work and not self.is_done(stage, running=True) and \
            len(self.of_stage(stage, running=True)) < TRIES

    def wishes(self):
        """Stages for the next round's guests: those of whom something is missing, then bytes."""
        wishes = [stage for stage in STAGES if self.is_missing(stage)][:GUESTS]
        if len(wishes) < GUESTS and self.is_missing(WILD):
            wishes.append(WILD)
        short = [ring for ring in RINGS if self.executed(ring) < self.arguments.bytes]
        while short and len(wishes) < GUESTS:
            wishes.append(short[len(wishes) % len(short)])
        return wishes[:GUESTS]

    def bytes_for(self, stage):
        if stage not in RINGS:
            return 0
        missing = self.arguments.bytes - self.executed(stage)
        return min(max(missing // 4, 1 << 16), self.arguments.most)

    def next_round(self):
        wishes = self.wishes()
        if not wishes or len(self.rounds) + len(self.running) >= self.arguments.rounds:
            return None
        guests = [Guest(stage, self.next_seed + i, self.bytes_for(stage))
                  for i, stage in enumerate(wishes)]
        self.next_seed += len(guests)
        return Round(self.options, len(self.rounds) + len(self.running), guests)

    def state(self):
        alive = sum(len(this.alive()) for this in self.running)
        return (f"{time.monotonic() - self.started:.0f} s: {len(self.rounds)} rounds over, {alive} "
                f"guests at work; random bytes: {self.executed('kernel', True):,} kernel, "
                f"{self.executed('user', True):,} user")

    def run(self):
        """Several rounds at a time; a line for each that ends, and one now and then."""
        with concurrent.futures.ThreadPoolExecutor(self.arguments.jobs) as pool, self.stopping():
            futures = {}
            while True:
                while len(futures) < self.arguments.jobs and (this := self.next_round()):
                    self.running.append(this)
                    futures[pool.submit(this.run)] = this
                if not futures:
                    return
                over, _ = concurrent.futures.wait(futures, timeout=20,
                                                  return_when=concurrent.futures.FIRST_COMPLETED)
                for future in over:
                    this = futures.pop(future)
                    self.running.remove(this)
                    self.rounds.append(future.result())
                    print(this.line(), flush=True)
                print(f"    {self.state()}", flush=True)

    @contextlib.contextmanager
    def stopping(self):
        """Whatever ends the work ends the machines."""
        try:
            yield
        finally:
            for this in self.running:
                this.stop()

    # --- what came of it ---

    def summary(self):
        verdicts = Counter(this.verdict for this in self.rounds)
        stages = {}
        for stage in (*STAGES, *RINGS, WILD):
            guests = self.of_stage(stage)
            stages[stage] = {
                "guests": len(guests), "done": sum(guest.done for guest in guests),
                "attempts": sum(guest.attempts for guest in guests),
                "events": sum(guest.events for guest in guests),
                "random_bytes": sum(guest.executed for guest in guests),
                "endings": dict(Counter(guest.ending for guest in guests)),
                "seeds": [guest.seed for guest in guests],
            }
        return {
            "machine": " ".join(["-cpu", machines.UMBRA_CPU]), "seed": self.arguments.seed,
            "seconds": round(time.monotonic() - self.started), "rounds": len(self.rounds),
            "passed": verdicts["passed"], "failed": verdicts["failed"], "void": verdicts["void"],
            "reasons": [this.reason for this in self.rounds if this.reason],
            "panics": sum("panic" in this.reason for this in self.rounds),
            "bytes_wanted": self.arguments.bytes, "stages": stages,
        }

    def complaints(self, summary):
        stages = summary["stages"]
        short = [f"{ring}: fewer random bytes than wanted" for ring in RINGS
                 if stages[ring]["random_bytes"] < self.arguments.bytes]
        undone = [f"{stage}: not done" for stage in (*STAGES, WILD) if not self.is_done(stage)]
        return short + undone


def print_summary(summary):
    print(f"\n  {'stage':10} {'guests':>6} {'done':>5} {'attempts':>10} {'events':>10} "
          f"{'random bytes':>13}")
    for stage, row in summary["stages"].items():
        print(f"  {stage:10} {row['guests']:6} {row['done']:5} {row['attempts']:10,} "
              f"{row['events']:10,} {row['random_bytes']:13,}")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, default=ROOT / "build", help="where all was built")
    parser.add_argument("--bytes", type=int, default=10_000_000,
                        help="random bytes to execute in each ring (%(default)s)")
    parser.add_argument("--most", type=int, default=1 << 20,
                        help="of these, in one guest at most (%(default)s)")
    parser.add_argument("--seconds", type=int, default=400, help="a round's time (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="the first seed")
    parser.add_argument("--icount", action="store_true",
                        help="count instructions: a guest that repeats exactly until it is killed")
    parser.add_argument("--rounds", type=int, default=80, help="no more rounds than this")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="rounds at a time")
    arguments = parser.parse_args()

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # no QEMU stays behind
    build = arguments.build.resolve()
    campaign = Campaign(Options(build, arguments.seconds, arguments.icount,
                                native_transcript(build)), arguments)
    campaign.run()
    summary = campaign.summary()
    (build / "hostile.json").write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    print_summary(summary)
    complaints = campaign.complaints(summary)
    for complaint in complaints:
        print(f"hostile: {complaint}")
    print(f"hostile: {summary['passed']} rounds passed, {summary['failed']} failed, "
          f"{summary['void']} void; {summary['panics']} panics; build/hostile.json")
    sys.exit(1 if summary["failed"] or not summary["passed"] or complaints else 0)


if __name__ == "__main__":
    main()
