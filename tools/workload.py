"""The file system in memory with which Linux runs programs of Debian's: which packages, which of
their files, and which modules of the kernel. Scripts and programs of ours are in guest/workload/."""

import pathlib
import re
import subprocess

from archive import Failed, console, directory, file, link, one_file

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCES = ROOT / "guest/workload"
PROGRAMS = ROOT / "build/guest/workload"

FOLDERS = ("bin", "dev", "proc", "sys", "root", "tmp", "etc", "mnt", "run", "usr", "usr/bin",
           "usr/sbin", "sbin", "var", "workload", "workload/ko")

# Package: what is taken of it. Libraries are taken as the programs need them.
FILES = {
    "perl-base": ["usr/bin/perl"],
    "python3.11-minimal": ["usr/bin/python3.11"],
    "libpython3.11-minimal": ["usr/lib/python3.11/**/*.py", "etc/python3.11/**/*"],
    "sqlite3": ["usr/bin/sqlite3"],
    "openssl": ["usr/bin/openssl"],
    "bzip2": ["bin/bzip2", "bin/bunzip2"],
    "rt-tests": ["usr/bin/hackbench"],
    "strace": ["usr/bin/strace"],
    "gdb-minimal": ["usr/bin/gdb"],
    "virt-what": ["usr/sbin/virt-what", "usr/lib/virt-what/*", "usr/libexec/*"],
    "dmidecode": ["usr/sbin/dmidecode"],
    "cpuid": ["usr/bin/cpuid"],
    "systemd": ["usr/bin/systemd-detect-virt"],
    "util-linux": ["usr/bin/lscpu"],
}
LOADER = "lib/ld-linux.so.2"

# In this order; each takes those that it depends on with it.
MODULES = ("loop", "ext4", "crc32c_generic", "cpuid", "msr", "sd_mod", "pata_legacy")


def files_of(package, patterns):
    return [path for pattern in patterns for path in sorted(package.glob(pattern))
            if path.is_file() or path.is_symlink()]


def needed(path):
    """The names of the shared libraries that a program or library says it needs."""
    said = subprocess.run(["readelf", "-d", str(path)], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True, check=False).stdout
    return re.findall(r"\(NEEDED\).*\[(.+)\]", said)


def library_files(archive):
    """Where each shared library is: name, path within the image, path here."""
    found = {}
    for package in archive.dependencies(list(FILES), r"lib\S+|zlib1g"):
        unpacked = archive.unpack(package)
        for path in sorted(unpacked.rglob("*.so*")):
            found.setdefault(path.name, (str(path.relative_to(unpacked)), path))
    return found


def with_libraries(programs, libraries):
    """Adds to {path in the image: path here} what these need, and the program that loads it."""
    image, todo = dict(programs), list(programs.values())
    while todo:
        for name in needed(todo.pop()):
            if name == "ld-linux.so.2":
                continue
            if name not in libraries:
                raise Failed(f"no package of the list has {name}")
            target, path = libraries[name]
            if f"usr/lib/i386-linux-gnu/{name}" not in image:
                image[f"usr/lib/i386-linux-gnu/{name}"] = path.resolve()
                todo.append(path.resolve())
    image[LOADER] = libraries["ld-linux.so.2"][1].resolve()
    return image


def kernel_modules(kernel):
    """The modules and what they depend on, in the order in which they load: {name: bytes}."""
    paths = {path.stem: path for path in kernel.glob("lib/modules/*/kernel/**/*.ko")}
    loaded = {}

    def add(name):
        if name in loaded:
            return
        content = paths[name].read_bytes() if name in paths else None
        if content is None:
            raise Failed(f"the kernel has no module {name}")
        for other in re.search(rb"\0depends=([^\0]*)", content)[1].decode().split(","):
            if other:
                add(other)
        loaded[name] = content

    for name in MODULES:
        add(name)
    return loaded


def folders_of(paths):
    """All directories above these paths, each behind the one that holds it."""
    return sorted({str(parent) for path in paths for parent in pathlib.PurePath(path).parents}
                  - {"."})


def entries(archive, kernel, busybox, init):
    programs = {}
    for package, patterns in FILES.items():
        unpacked = archive.unpack(package)
        found = files_of(unpacked, patterns)
        if not found:
            raise Failed(f"{package} holds none of {' '.join(patterns)}")
        programs |= {str(path.relative_to(unpacked)): path for path in found}
    programs = with_libraries(programs, library_files(archive))
    modules = kernel_modules(kernel)
    ours = {f"workload/{path.name}": path.read_bytes()
            for folder in (SOURCES, PROGRAMS) for path in sorted(folder.iterdir())
            if path.suffix in ("", ".sh")}
    ours |= {f"workload/ko/{name}.ko": content for name, content in modules.items()}
    ours["workload/modules"] = "\n".join(modules).encode() + b"\n"
    ours |= {"bin/busybox": busybox, "init": init}
    ours |= {name: path.read_bytes() for name, path in sorted(programs.items())}
    yield from map(directory, folders_of([*ours, *(f"{name}/x" for name in FOLDERS)]))
    yield console()
    yield link("bin/sh", "busybox")
    yield from (file(name, content, 0o755) for name, content in ours.items())


def image(archive, kernel, init):
    busybox = one_file(archive.unpack("busybox-static"), "bin/busybox").read_bytes()
    return entries(archive, kernel, busybox, init)


def newest_source():
    """When what the image is made of last changed here."""
    return max(path.stat().st_mtime for path in
               [pathlib.Path(__file__), *SOURCES.iterdir(), *PROGRAMS.glob("*")])
