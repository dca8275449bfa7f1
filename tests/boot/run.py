#!/usr/bin/python3
"""Boots Umbra and its guests in QEMU and checks what they print: see cases.py for the list.

Every boot leaves its files in build/tests/NAME: the ISO, the command, serial.log (the guest's COM1),
monitor.log (what Umbra has to say), qemu.log and, where a transcript differs, transcript.diff.
"""

import argparse
import concurrent.futures
import difflib
import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import debugger
import images
from cases import ANY, CASES, SAME, machines
from reports import check_reports

ROOT = Path(__file__).resolve().parents[2]


class Failed(Exception):
    """Why a test failed, in one line."""


class Machine:
    """A running QEMU: its serial line can be read, waited for and typed into."""

    def __init__(self, command, directory, pass_fds=()):
        (directory / "command").write_text(shlex.join(command) + "\n", encoding="utf-8")
        self.serial_log = open(directory / "serial.log", "wb", buffering=0)
        self.monitor_log = directory / "monitor.log"
        self.monitor_log.touch()
        self.seen = b""
        self.news = threading.Condition()
        with open(directory / "qemu.log", "wb") as errors:
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                            stderr=errors, bufsize=0, pass_fds=pass_fds)
        self.reader = threading.Thread(target=self.read_serial)
        self.reader.start()

    def read_serial(self):
        while chunk := self.process.stdout.read(4096):
            self.serial_log.write(chunk)
            with self.news:
                self.seen += chunk
                self.news.notify_all()

    def serial(self):
        return self.seen.decode(errors="replace")

    def monitor(self):
        return self.monitor_log.read_text(errors="replace")

    def type(self, text):
        self.process.stdin.write(text.encode())

    def poll(self, ready, deadline):
        """Waits until ready() is true or the machine has ended; false when it is too late."""
        while not ready():
            if self.process.poll() is not None:
                self.reader.join()
                return ready()
            if time.monotonic() > deadline:
                return False
            with self.news:
                self.news.wait(0.05)
        return True

    def stop(self):
        self.process.kill()
        status = self.process.wait()
        self.reader.join()
        self.process.stdin.close()
        self.process.stdout.close()
        self.serial_log.close()
        return status


def find_markers(markers, text):
    """The first marker that is missing behind the ones before it, or None."""
    at = 0
    for marker in markers:
        match = re.compile(marker).search(text, at)
        if not match:
            return marker
        at = match.end()
    return None


class Runner:
    def __init__(self, build):
        self.build = build.resolve()
        self.directory = self.build / "tests"

    def image(self, name, directory):
        """The file of an image: something that was built, or a wrong one made here."""
        if name not in images.IMAGES:
            return self.build / name
        file = directory / f"{name}.elf"
        file.write_bytes(images.IMAGES[name])
        return file

    def native_command(self, case, directory):
        image, line = case.vms[0]
        options, _, cmdline = line.partition("-- ")
        memory = re.search(r"mem=(\S+)", options).group(1)
        disks = [str(self.image(disk, directory)) for disk, line in case.vms[1:] if "disk=" in line]
        return machines.native(str(self.image(image, directory)), cmdline, memory,
                               icount=case.icount, disk=disks[0] if disks else None)

    def umbra_command(self, case, directory, com2):
        iso = directory / "umbra.iso"
        command = [str(ROOT / "tools/mkiso"), "-o", str(iso),
                   "--monitor", str(self.build / "hypervisor/umbra.elf")]
        for image, line in case.vms:
            command += ["--module", str(self.image(image, directory)), "--line", line]
        made = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if made.returncode != 0:
            raise Failed(made.stdout.decode(errors="replace").strip())
        command = machines.umbra(str(iso), str(directory / "monitor.log"), case.cpu, case.memory,
                                 icount=case.icount)
        return command + (machines.com2(com2.qemu_device()) if com2 else [])

    def boot(self, case, directory):
        line = debugger.Line(directory) if case.com2 or case.gdb else None
        command = (self.native_command(case, directory) if case.native
                   else self.umbra_command(case, directory, line))
        machine = Machine(command, directory)
        deadline = time.monotonic() + case.timeout
        try:
            self.debug(case, machine, line, directory, deadline)
            self.use_prompt(case, machine, line, deadline)
            self.converse(case, machine, deadline)
            self.expect(case, machine, deadline)
        finally:
            machine.stop()
            if line:
                line.close()

    def debug(self, case, machine, line, directory, deadline):
        if not case.gdb:
            return
        if not machine.poll(lambda: "waits for gdb" in machine.monitor(), deadline):
            raise Failed("the guest does not wait for gdb")
        printed = debugger.run_gdb(ROOT / "tests/boot/session.gdb", self.build / case.vms[0][0],
                                   self.build / "guest/bin/init", line, directory,
                                   max(1, deadline - time.monotonic()))
        missing = find_markers(case.gdb, printed)
        if missing is not None:
            raise Failed(f"gdb: no {missing!r}")

    def use_prompt(self, case, machine, line, deadline):
        if case.com2:
            line.connect(deadline)
        at = 0
        for where, text, marker in case.com2:
            if where == "com2":
                done = line.ask(text, marker, deadline)
            else:
                machine.type(text)
                pattern = re.compile(marker)
                done = machine.poll(lambda: pattern.search(machine.serial(), at), deadline)
                at = pattern.search(machine.serial(), at).end() if done else at
            if not done:
                raise Failed(f"{where}: {text!r} is not answered by {marker!r}")

    def converse(self, case, machine, deadline):
        at = 0
        for marker, text in case.talk:
            pattern = re.compile(marker)
            if not machine.poll(lambda: pattern.search(machine.serial(), at), deadline):
                raise Failed(f"serial line: no {marker!r}")
            at = pattern.search(machine.serial(), at).end()
            machine.type(text)

    def expect(self, case, machine, deadline):
        def missing():
            return (find_markers(case.serial, machine.serial()),
                    find_markers(case.monitor, machine.monitor()))

        if case.status is ANY:
            machine.poll(lambda: missing() == (None, None), deadline)
        else:
            machine.poll(lambda: False, deadline)
        status = machine.process.poll()
        serial, monitor = missing()
        late = "" if status is not None else f" after {case.timeout} s"
        if serial is not None:
            raise Failed(f"serial line: no {serial!r}{late}")
        if monitor is not None:
            raise Failed(f"monitor: no {monitor!r}{late}")
        legal = case.status if isinstance(case.status, tuple) else (case.status,)
        if case.status is not ANY and status not in legal:
            raise Failed(f"exit status {status}, expected {case.status}{late}")
        wrong = check_reports(case.reports, machine.monitor_log) if case.reports else None
        if wrong is not None:
            raise Failed(f"trap report: {wrong}")

    def transcript(self, name):
        """What a guest printed, by line, without what is announced as time-dependent."""
        case, _, vm = name.partition(":")
        log = self.directory / case / ("monitor.log" if vm else "serial.log")
        if not log.exists():
            raise Failed(f"{case} was not booted")
        text = log.read_bytes().decode(errors="replace")
        if vm:
            text = "".join(re.findall(rf"^{vm}\| (.*\n)", text, re.M))
        return [line for line in text.splitlines(keepends=True) if not line.startswith("~ ")]

    def compare(self, native, virtual):
        lines = [self.transcript(native), self.transcript(virtual)]
        if ":" in virtual:  # a line of the monitor's channel ends without the guest's CR
            lines[0] = [line.replace("\r\n", "\n") for line in lines[0]]
        diff = list(difflib.unified_diff(*lines, native, virtual, n=2))
        if diff:
            file = self.directory / virtual.partition(":")[0] / "transcript.diff"
            file.write_text("".join(diff), encoding="utf-8")
            raise Failed("transcripts differ:\n" + "".join(diff[:14]).rstrip("\n"))
        if not lines[0]:
            raise Failed("both transcripts are empty")

    def run(self, name, test):
        """Runs test(), prints its line, returns True when it passed."""
        started = time.monotonic()
        failure = None
        try:
            test()
        except Failed as reason:
            failure = str(reason)
        except Exception as error:  # a bug here is a failed test, not the end of all others
            failure = f"{type(error).__name__}: {error}"
        seconds = time.monotonic() - started
        line = f"  {'FAIL' if failure else 'ok':4} {name:36} {seconds:5.1f} s"
        if failure:
            line += "\n       " + failure.replace("\n", "\n       ")
        print(line, flush=True)
        return failure is None

    def run_case(self, case):
        directory = self.directory / case.name
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        return self.run(case.name, lambda: self.boot(case, directory))


def select(patterns):
    """The cases that any pattern matches, all when there are none, and their comparisons."""
    def chosen(name):
        return not patterns or any(re.search(pattern, name) for pattern in patterns)

    names = [case.name for case in CASES if chosen(case.name)]
    return ([case for case in CASES if case.name in names],
            [(a, b) for a, b in SAME if a in names and b.partition(":")[0] in names])


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("patterns", nargs="*", help="regular expressions of test names; default: all")
    parser.add_argument("--build", type=Path, default=ROOT / "build", help="where all was built")
    parser.add_argument("--result", type=Path, help="file that gets 'PASSED FAILED'")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1),
                        help="machines at a time (%(default)s)")
    parser.add_argument("--list", action="store_true", help="print the names of the tests")
    options = parser.parse_args()

    chosen, same = select(options.patterns)
    if options.list:
        print("\n".join(case.name for case in chosen))
        return
    runner = Runner(options.build)
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        verdicts = list(pool.map(runner.run_case, chosen))
    for native, virtual in same:
        verdicts.append(runner.run(f"same transcript: {native}, {virtual}",
                                   lambda a=native, b=virtual: runner.compare(a, b)))
    passed, failed = verdicts.count(True), verdicts.count(False)
    if options.result:
        options.result.parent.mkdir(parents=True, exist_ok=True)
        options.result.write_text(f"{passed} {failed}\n", encoding="ascii")
    print(f"boot tests: {passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)


if __name__ == "__main__":
    main()
