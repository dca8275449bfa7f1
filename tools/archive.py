"""Debian's archive as a source of files, and the archive format of an initrd."""

import os
import re
import shutil
import stat
import subprocess

MIRROR = os.environ.get("DEBIAN_MIRROR", "http://deb.debian.org/debian")
SUITE = "bookworm"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


class Failed(Exception):
    """Says why there is no guest, in one line."""


def run(command, **options):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace", check=False,
                          **options)
    if done.returncode:
        said = [line for line in done.stdout.splitlines() if line.strip()]
        worst = next((line for line in said if line.startswith("E:")), said[-1] if said else "?")
        raise Failed(f"{command[0]}: {worst}")
    return done.stdout


class Archive:
    """Debian's archive, seen by an apt that knows nothing of this system."""

    def __init__(self, directory):
        self.directory = directory
        self.environment = dict(os.environ, APT_CONFIG=str(directory / "apt.conf"), LC_ALL="C")
        self.updated = False

    def update(self):
        if self.updated:
            return
        for folder in ("state/lists/partial", "cache/archives/partial", "packages"):
            (self.directory / folder).mkdir(parents=True, exist_ok=True)
        (self.directory / "status").touch()
        (self.directory / "sources.list").write_text(
            f"deb [signed-by={KEYRING}] {MIRROR} {SUITE} main\n", encoding="utf-8")
        (self.directory / "apt.conf").write_text(f"""
            Dir::State "{self.directory}/state";
            Dir::State::status "{self.directory}/status";
            Dir::Cache "{self.directory}/cache";
            Dir::Etc::sourcelist "{self.directory}/sources.list";
            Dir::Etc::sourceparts "-";
            Dir::Etc::preferencesparts "-";
            APT::Architecture "i386";
            APT::Architectures {{ "i386"; }};
            APT::Sandbox::User "";
            Acquire::Languages "none";
            Acquire::Retries "2";
            Acquire::http::Timeout "30";
            """, encoding="utf-8")
        try:
            run(["apt-get", "update", "-o", "APT::Update::Error-Mode=any"], env=self.environment)
        except Failed as error:
            raise Failed(f"cannot read Debian's archive at {MIRROR} ({error}); "
                         "is this machine online? DEBIAN_MIRROR names another mirror") from error
        self.updated = True

    def dependency(self, package, pattern):
        """The first of a package's dependencies that matches: a meta package's real one."""
        self.update()
        shown = run(["apt-cache", "show", "--no-all-versions", package], env=self.environment)
        found = re.search(rf"^Depends:.*?({pattern})", shown, re.M)
        if not found:
            raise Failed(f"{package} depends on no {pattern}")
        return found[1]

    def dependencies(self, packages, pattern):
        """All that these packages depend on, and they, as far as the name matches."""
        kept, asked = self.directory / "packages/dependencies", " ".join(packages)
        if not kept.exists() or kept.read_text(encoding="utf-8").partition("\n")[0] != asked:
            self.update()
            plan = run(["apt-get", "--simulate", "--no-install-recommends", "install", *packages],
                       env=self.environment)
            needed = re.findall(r"^Inst (\S+)", plan, re.M)
            kept.write_text("\n".join([asked, *sorted(needed)]), encoding="utf-8")
        return [name for name in kept.read_text(encoding="utf-8").splitlines()[1:]
                if re.fullmatch(pattern, name)]

    def unpack(self, package):
        """Returns the directory with the package's files."""
        target = self.directory / "packages" / package
        if target.is_dir():
            return target
        self.update()
        print(f"fetch-guests: fetching {package}", flush=True)
        partial = target.with_name(f"{package}.new")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        run(["apt-get", "download", package], env=self.environment, cwd=partial)
        (deb,) = partial.glob("*.deb")
        run(["dpkg-deb", "-x", str(deb), str(partial)])
        deb.unlink()
        partial.rename(target)
        return target


def one_file(directory, pattern):
    found = sorted(directory.glob(pattern))
    if len(found) != 1:
        raise Failed(f"{directory.name} holds {len(found)} files {pattern}, not one")
    return found[0]


# --- a file system in memory ----------------------------------------------------------------------


def entry(number, name, mode, content=b"", device=(0, 0)):
    """One entry of a cpio archive of the format `newc`. All dates are 0: the same input gives the
    same bytes."""
    fields = (number, mode, 0, 0, 1, 0, len(content), 0, 0, *device, len(name) + 1, 0)
    head = b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
    return head + b"\0" * (-len(head) % 4) + content + b"\0" * (-len(content) % 4)


def directory(name):
    return (name, stat.S_IFDIR | 0o755)


def file(name, content, mode=0o644):
    return (name, stat.S_IFREG | mode, content)


def link(name, target):
    return (name, stat.S_IFLNK | 0o777, target.encode())


def console():
    return ("dev/console", stat.S_IFCHR | 0o600, b"", (5, 1))


def cpio(entries):
    """The bytes of an archive of directory(), file(), link() and console() entries."""
    entries = [*entries, ("TRAILER!!!", 0)]
    return b"".join(entry(number, *each) for number, each in enumerate(entries, 1))
