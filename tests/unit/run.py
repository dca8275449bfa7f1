#!/usr/bin/python3
"""Runs unit test programs (cmocka) and counts their tests: quiet but for failures."""

import argparse
import os
import re
import subprocess
import sys
import time

ENVIRONMENT = {
    "ASAN_OPTIONS": "detect_stack_use_after_return=1",
    "UBSAN_OPTIONS": "print_stacktrace=1",
}


def count(output, status):
    """Returns (passed, failed). A test that was begun and never reported OK has failed, and so has
    a program that ran nothing or whose exit status no test explains (a leak, for one)."""
    begun = len(re.findall(r"^\[ RUN      \]", output, re.M))
    passed = len(re.findall(r"^\[       OK \]", output, re.M))
    skipped = len(set(re.findall(r"^\[  SKIPPED \] (\w+)$", output, re.M)))  # named twice
    failed = begun - passed - skipped
    if failed == 0 and (status != 0 or begun == 0):
        failed = 1
    return passed, failed


def run(program, timeout, verbose):
    started = time.monotonic()
    try:
        done = subprocess.run([os.path.abspath(program)], env={**os.environ, **ENVIRONMENT},
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=timeout, check=False)
        output, status = done.stdout.decode(errors="replace"), done.returncode
    except subprocess.TimeoutExpired as late:
        output = (late.stdout or b"").decode(errors="replace")
        output += f"\nstopped after {timeout} s\n"
        status = -1
    except OSError as error:
        output, status = f"{error}\n", -1
    passed, failed = count(output, status)
    if failed or verbose:
        print(output, end="" if output.endswith("\n") else "\n")
    verdict = "FAIL" if failed else "ok"
    name = os.path.basename(program)
    seconds = time.monotonic() - started
    print(f"  {verdict:4} {name:28} {passed:4} passed, {failed} failed  {seconds:5.1f} s", flush=True)
    return passed, failed


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("programs", nargs="*", help="test programs")
    parser.add_argument("--result", help="file that gets 'PASSED FAILED'")
    parser.add_argument("--timeout", type=int, default=300, help="seconds a program may take")
    parser.add_argument("--verbose", action="store_true", help="show the programs' output")
    options = parser.parse_args()

    totals = [run(program, options.timeout, options.verbose) for program in options.programs]
    passed, failed = (sum(column) for column in zip(*totals)) if totals else (0, 0)
    if options.result:
        os.makedirs(os.path.dirname(options.result), exist_ok=True)
        with open(options.result, "w", encoding="ascii") as file:
            print(passed, failed, file=file)
    print(f"unit tests: {passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)


if __name__ == "__main__":
    main()
