#!/usr/bin/python3
"""Packs a fuzzer's inputs into one text file, a line of hexadecimal digits each, or unpacks them.

The files in tests/fuzz/corpus are what the fuzzers found worth keeping: a set of inputs that reaches
all code that was ever reached, and those that once failed. The unit tests replay them, and `make
fuzz` begins with them. To renew one: run the fuzzer with -set_cover_merge=1 -use_counters=0 into an
empty directory, and pack that.
"""

import argparse
import hashlib
from pathlib import Path


def pack(packed, directory):
    inputs = {file.read_bytes() for file in directory.iterdir()}
    lines = [data.hex() for data in sorted(inputs, key=lambda data: (len(data), data)) if data]
    packed.write_text("\n".join(lines) + "\n", encoding="ascii")


def unpack(packed, directory):
    directory.mkdir(parents=True, exist_ok=True)
    for line in packed.read_text(encoding="ascii").split():
        data = bytes.fromhex(line)
        (directory / hashlib.sha1(data).hexdigest()).write_bytes(data)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["pack", "unpack"])
    parser.add_argument("packed", type=Path)
    parser.add_argument("directory", type=Path)
    arguments = parser.parse_args()
    {"pack": pack, "unpack": unpack}[arguments.what](arguments.packed, arguments.directory)


if __name__ == "__main__":
    main()
