"""What is booted, and what is expected of it. Images are files under build/, or the name of one of
the wrong images in images.py."""

import sys
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import machines  # noqa: E402  (found by the path above)

DEMO = "guest/demo.elf"
TINY = "tests/tiny.elf"
HOSTILE = "guest/hostile.elf"
TRIPLE = "tests/triple.elf"
MULTIBOOT2 = "tests/multiboot2.elf"

# QEMU's exit status: what the guest or the monitor wrote to port F4h, times two, plus one.
POWER_OFF = machines.POWER_OFF_STATUS
NOT_WELL = 0x11 << 1 | 1
NO_PROCESSOR = 0x7e << 1 | 1
ANY = None

DEMO_DONE = r"demo: (\d+) steps, \1 passed, 0 failed"

@dataclass
class Case:
    """One boot. Markers are regular expressions, searched for in this order.

    `native` boots the first VM's image on the bare machine, otherwise Umbra boots with all `vms`:
    (image, module line) each. `status` is QEMU's exit status, or a
    tuple of legal ones; with ANY the machine is stopped as
    soon as the last marker was seen. `talk` is a list of (marker on the serial line, text to type).
    `reports` names the VMs whose trap reports are checked. `com2` is a conversation with two serial
    lines: (com1 or com2, text, marker that answers it); `gdb` what session.gdb has to print. With
    `icount` time is counted in instructions, and each run is like any other.
    """

    name: str
    vms: list = field(default_factory=list)
    native: bool = False
    cpu: str = machines.UMBRA_CPU
    memory: str = "512M"
    serial: list = field(default_factory=list)
    monitor: list = field(default_factory=list)
    talk: list = field(default_factory=list)
    reports: list = field(default_factory=list)
    com2: list = field(default_factory=list)
    gdb: list = field(default_factory=list)
    icount: bool = False
    status: int = POWER_OFF
    timeout: int = 60


# What a person types at the demo's shell: (marker to wait for, text).
TYPED = [(r"\$ $", "echo hello\n"), (r"\nhello\r?\n\$ $", "poweroff\n")]


# The monitor's prompt, with two guests at their shells.
PROMPT = [
    ("com1", "", r"\$ $"),
    ("com1", "echo ready\n", r"\nready\r?\n\$ $"),
    ("com2", "", r"\(umbra\) $"),
    ("com2", "list", r"one +running .*console\r\ntwo +running .*\r\n\(umbra\) $"),
    ("com2", "frobnicate", r"frobnicate: unknown command; see help\r\n\(umbra\) $"),
    ("com2", "pause", r"usage: pause NAME"),
    ("com2", "pause three", r"no virtual machine is called three; see list"),
    ("com2", "info regs", r"EAX=[0-9a-f]{8} .*\r\n[^$]*CR0=8"),
    ("com2", "inffo\b\b\bfo gdt two", r"base c[0-9a-f]{7} limit"),
    ("com2", "info idt", r"80  0008:c[0-9a-f]{7}  DPL 3"),
    ("com2", "info pic", r"master .* imr .*\r\nslave"),
    ("com2", "info pit", r"channel 0  mode 2  count 11931 .* 100 Hz"),
    ("com2", "info shadow", r"entries filled +[1-9]"),
    ("com2", "info traps", r"exits by reason"),
    ("com2", "info trace", r"umbra: one: trace: the last [1-9]\d* of"),
    ("com2", "info trace two", r"two keeps no trace: boot it with trace=all"),
    ("com2", "inf\x14o weather", r"exits by reason[^$]*nothing is known of weather; see info"),
    ("com2", "info screen", r"\r\nready\r\n\$\r\n(\r\n)+"),
    ("com2", "info weather", r"nothing is known of weather; see info"),
    ("com2", "dump 0xc0100000 4", r"c0100000  02 b0 ad 1b +\.\.\.\.\r\n\(umbra\) $"),
    ("com2", "dump 0x10", r"00000010 is not mapped"),
    ("com2", "dump here", r"not a number"),
    ("com2", "pause two", r"\(umbra\) $"),
    ("com2", "pause two", r"two is paused already"),
    ("com2", "list", r"two +paused"),
    ("com2", "console two", r"\(umbra\) $"),
    ("com2", "list", r"two +paused .*console"),
    ("com2", "resume two", r"\(umbra\) $"),
    ("com1", "echo here is two\n", r"\nhere is two\r?\n\$ $"),
    ("com2", "pause two", r"\(umbra\) $"),
    ("com2", "reset two", r"two: reset at the prompt"),
    ("com2", "info regs two", r"CR0=00000011"),
    ("com2", "resume two", r"\(umbra\) $"),
    ("com1", "", r"Type help for help[^$]*\$ $"),
    ("com2", "console one", r"\(umbra\) $"),
    ("com1", "echo back\n", r"\nback\r?\n\$ $"),
    ("com2", "kill two", r"umbra: two: ended: killed at the prompt"),
    ("com2", "list", r"one +running .*console\r\ntwo +ended"),
    ("com2", "resume two", r"two has ended"),
    ("com2", "quit", r"umbra: one: ended: the monitor was asked to quit"),
]

# What session.gdb prints.
GDB = [
    r"== first instruction\neip .*0x10000c.*\ncr0 +0x11 .*\ncpl +0x0 .*\n=> 0x10000c <start>:\tcli",
    r"Breakpoint 1, kernel_main \(magic=732803074", r"#0 +kernel_main .*\n#1 .* upstairs",
    r"= 0x80000001", r"= 0x1badb002", r"=> 0x\w+ <kernel_main>:\tpush",
    r"== step\n0xc0\w+", r"\t +gdt_init",
    r"Breakpoint \d+, schedule", r"Hardware watchpoint \d+: switches\n\nOld value = 0\nNew value = 1",
    r"== user code\nBreakpoint \d+ at .*\n\nBreakpoint", r"= 1\ncpl +0x3 ", r"= 1\n",
    r"Hardware read watchpoint \d+: switches\n\nValue = \d+",
    r"== registers and memory", r"= 4711", r"edx +0x12345678",
    r"demo +paused .*engine=trap .*gdb", r"frobnicate: unknown command",
    r"Program received signal SIGINT", r"= 1\n", r"\* 1 +Thread 1",
    r"== end\n\[Inferior 1 \(Remote target\) detached\]",
]


def bad_vm(name, line, image, cause, *modules):
    """A VM that must not start, told why in one line, beside one that must run to its end."""
    return Case(f"bad-{name}",
                vms=[(image, line), (TINY, "name=good mem=8M -- still here"), *modules],
                serial=[r"^tiny: still here\n"], status=NOT_WELL,
                monitor=[rf"(?m)^umbra: wrong: .*{cause}.*; .+$"])


def small(name, engines=("trap",), disk=None, **options):
    """A guest of tests/boot/small on the bare machine, and under Umbra with each engine."""
    image = f"tests/small/{name}.elf"
    disks = [(disk, f"disk={name}")] if disk else []
    return [Case(f"small-{name}-native", vms=[(image, "mem=8M"), *disks], native=True, **options)] + [
        Case(f"small-{name}-{engine}", vms=[(image, f"name={name} mem=8M engine={engine}"), *disks],
             **options)
        for engine in engines]


def beside_worker(name):
    """A guest that never rests, beside one that must come to the end of its work."""
    return Case(f"small-worker-beside-{name}", status=ANY,
                vms=[("tests/small/worker.elf", "name=worker mem=8M"),
                     (f"tests/small/{name}.elf", f"name={name} mem=8M")],
                serial=[r"^00000001\n", r"\n0000000c\n"], monitor=[r"umbra: worker: ended"])


def alone_at_prompt(name, engine="trap"):
    """A guest that never rests, alone: the prompt answers all the same."""
    return Case(f"small-{name}-{engine}-prompt", status=NOT_WELL,
                vms=[(f"tests/small/{name}.elf", f"name={name} mem=8M engine={engine}")],
                com2=[("com1", "", r"^00001234\n"), ("com2", "", r"\(umbra\) $"),
                      ("com2", "list", rf"{name} +running"),
                      ("com2", "quit", rf"umbra: {name}: ended: the monitor was asked to quit")])


BOTH = ("trap", "interp")

# Regressions: what each of them is about is said at its beginning.
SMALL = [
    *small("usel"),
    *small("iopl"),
    *small("a20"),
    *small("pae", BOTH),
    *small("real", BOTH),
    *small("v86", BOTH),
    *small("task", BOTH, timeout=20),
    *(Case(f"small-ferr-{engine}",  # QEMU itself aborts where it raises FERR#: no native run
           vms=[("tests/small/ferr.elf", f"name=ferr mem=8M engine={engine}")],
           serial=[r"status word: 00003800\n.*IRQ.*1\n.*0\n.*IRQ.*2\n.*0\n.*MF.*1\n.*IRQ.*2\n$"])
      for engine in BOTH),
    *small("cross", BOTH),
    *small("dr", BOTH),
    *small("disk", BOTH, disk="disk"),
    *small("mask", BOTH),
    *small("dbit", BOTH),
    *small("cx8", BOTH),
    *small("hlt", icount=True, serial=[r"\non time\n.*\non time\n"]),
    *small("fpu", BOTH),
    Case("small-fpureset", vms=[("tests/small/fpureset.elf", "name=fpureset mem=8M")],
         status=NOT_WELL, serial=[r"^(0000037f\n00001f80\n){2,}$"],
         monitor=[r"ended: reset too often"]),
    *small("poll", BOTH, talk=[(">$", "abc"), ("abc$", "def")]),
    *small("late", BOTH, serial=[r"^00001234\n"]),
    *small("ovf", talk=[(">$", "0123456789abc" * 200)]),
    beside_worker("storm"),
    beside_worker("cpuid"),
    alone_at_prompt("storm"),
    alone_at_prompt("spin"),
    alone_at_prompt("spin", "interp"),
]

CASES = [
    Case("tiny-native", vms=[(TINY, "mem=8M -- one two")], native=True,
         serial=[r"^tiny: one two\n"]),
    Case("tiny", vms=[(TINY, "name=tiny mem=8M -- one two")], serial=[r"^tiny: one two\n"],
         monitor=[r"umbra: processor: of (\d+) measured behaviours \1 are TCG's"]),
    Case("tiny-interp", vms=[(TINY, "name=tiny mem=8M engine=interp -- one two")],
         reports=["tiny"], serial=[r"^tiny: one two\n"]),

    Case("multiboot2", vms=[(MULTIBOOT2, "name=two mem=8M -- one two"),
                            ("module", "for=two -- a module"), ("module", "for=two -- another")],
         serial=[r"^one two\na module\nwhat a module holds\nanother\nwhat a module holds\n$"]),
    Case("bzimage", vms=[("bzimage", "name=bz mem=8M")]),

    Case("demo-native", vms=[(DEMO, "mem=64M -- script")], native=True, serial=[DEMO_DONE]),
    Case("demo", vms=[(DEMO, "name=demo mem=64M -- script")], timeout=120,
         reports=["demo"], serial=[DEMO_DONE], monitor=[r"umbra: demo: .*system calls \d+"]),
    Case("demo-cpu-max", vms=[(DEMO, "name=demo mem=64M -- script")], cpu="max", timeout=120,
         serial=[DEMO_DONE]),
    Case("demo-interp", vms=[(DEMO, "name=demo mem=64M engine=interp -- script")], timeout=120,
         serial=[DEMO_DONE]),
    Case("demo-exposed", vms=[(DEMO, "name=demo mem=64M user=exposed -- script")], timeout=120,
         serial=[DEMO_DONE]),
    Case("demo-twice", timeout=240,
         vms=[(DEMO, "name=one mem=64M -- script"), (DEMO, "name=two mem=64M -- script")],
         reports=["one", "two"], serial=[DEMO_DONE],
         monitor=[r"umbra: 2 of 2 virtual machines ran"]),
    Case("trace", vms=[(TINY, "name=tiny mem=8M trace=all -- traced")],
         serial=[r"^tiny: traced\n"], monitor=[
             r"umbra: tiny: trace: the last (\d+) of \1 traps", r" ec +in al, dx",
             r"<print.wait\+0x\w+> +sensitive +ee +out dx, al", r"<start.empty\+0x\w+> .* out dx, eax"]),
    Case("trace-masked", vms=[(DEMO, "name=demo mem=64M trace=guest-fault,fill-code -- script")],
         timeout=120, serial=[DEMO_DONE], monitor=[
             r"demo: trace: the last \d+ of \d+ traps, .*\n"
             r"(umbra: demo: +\d+ cpl\d .* (guest-fault|fill-code) .*\n)+"
             r"umbra: demo: exits by reason"]),
    Case("triple-fault", vms=[(TRIPLE, "name=triple mem=8M trace=all")], status=NOT_WELL,
         reports=["triple"], monitor=[
             r"umbra: triple: triple fault at \w{4}:0010\w+", r"trace: the last",
             r"<start\+0x\w+> +sensitive .* lidt fword ptr \[0x10\w+\]",
             r"<fatal\+0x0> +now +cc +int3 ", r"ended: reset too often"]),
    # A short one of what `make test-hostile` does. The guest may end itself: with the timer's
    # interrupts falling elsewhere its random bytes do other things. A panic has a status of its own.
    Case("hostile", timeout=180, status=(POWER_OFF, NOT_WELL),
         vms=[(DEMO, "name=demo mem=64M -- script"),
              (HOSTILE, "name=hostile mem=32M -- seed=1 bytes=32768 "
                        "stages=control,tables,transfers,storms,modify,user")],
         serial=[DEMO_DONE], monitor=[r"(?m)^umbra: \w+: memory canaries intact$",
                                      r"(?m)^umbra: \w+: memory canaries intact$",
                                      r"umbra: 2 of 2 virtual machines ran"]),
    # Every instruction interpreted, and the neighbour's lines on the monitor's channel.
    Case("hostile-interp", timeout=180, icount=True, status=(POWER_OFF, NOT_WELL),
         vms=[(HOSTILE, "name=hostile mem=32M engine=interp -- seed=1 bytes=8192 "
                        "stages=control,tables,transfers,modify,user"),
              (DEMO, "name=demo mem=64M -- script")],
         serial=[r"hostile: seed 1: control: done"],
         monitor=[r"(?m)^umbra: \w+: memory canaries intact$",
                  r"(?m)^umbra: \w+: memory canaries intact$",
                  r"umbra: 2 of 2 virtual machines ran"]),
    Case("typed-native", vms=[(DEMO, "mem=64M -- interactive")], native=True, talk=TYPED,
         serial=[r"\nhello"]),
    Case("typed", vms=[(DEMO, "name=demo mem=64M -- interactive")], timeout=120, talk=TYPED,
         serial=[r"\nhello"]),
    Case("screen-serial", vms=[(DEMO, "name=demo mem=64M screen=serial -- interactive")],
         timeout=120, talk=[(r"\$ ", "echo hello\n"), (r"\nhello", "POWEROFF\b\b\b\b\b\b\b\bpoweroff\n")],
         serial=[r"\x1b\[0m\x1b\[2J\x1b\[\?25l\x1b\[1;", r"\x1b\[\d+;\d+H(\x1b\[37;40m)?hello"]),
    Case("crash-fault-native", vms=[(DEMO, "mem=64M -- crash=fault")], native=True,
         status=NOT_WELL, serial=[r"(?i)panic"]),
    Case("crash-fault", vms=[(DEMO, "name=demo mem=64M -- crash=fault")], status=NOT_WELL,
         serial=[r"(?i)panic"]),
    Case("crash-stack-native", vms=[(DEMO, "mem=64M -- crash=stack")], native=True,
         status=NOT_WELL, serial=[r"(?i)panic"]),
    Case("crash-stack", vms=[(DEMO, "name=demo mem=64M -- crash=stack")], status=NOT_WELL,
         serial=[r"(?i)panic"]),

    Case("prompt", com2=PROMPT, timeout=120, status=NOT_WELL,
         vms=[(DEMO, "name=one mem=32M trace=user -- interactive"),
              (DEMO, "name=two mem=32M -- interactive")],
         monitor=[r'(?s)umbra-json: \S+"vm":"one".*umbra-json: \S+"vm":"two"',
                  r"umbra: 2 of 2 virtual machines ran"]),
    Case("gdb", gdb=GDB, vms=[(DEMO, "name=demo mem=64M gdb=wait -- interactive")], talk=TYPED,
         timeout=120, serial=[r"\nhello"]),
    Case("bad-no-module", monitor=[r"umbra: no virtual machine: .*module"], status=NOT_WELL),
    Case("bad-no-long-mode", vms=[(TINY, "name=tiny mem=8M")], cpu="pentium3",
         status=NO_PROCESSOR, monitor=[r"umbra: .*no long mode"]),
    Case("bad-no-nx", vms=[(TINY, "name=tiny mem=8M")], status=NO_PROCESSOR,
         cpu="pentium3,level=7,xlevel=0x80000008,+lm,+syscall", monitor=[r"umbra: .*no NX"]),
    Case("bad-name-taken", status=NOT_WELL,
         vms=[(TINY, "name=wrong mem=8M -- still here"), (TINY, "name=wrong mem=8M -- never")],
         serial=[r"^tiny: still here\n$"], monitor=[r"umbra: wrong: name: another VM has it; "]),
    bad_vm("not-elf", "name=wrong mem=8M", "not-elf", "not an ELF"),
    bad_vm("empty", "name=wrong mem=8M", "empty", "ELF"),
    bad_vm("elf64", "name=wrong mem=8M", "elf64", "32-bit"),
    bad_vm("not-x86", "name=wrong mem=8M", "not-x86", "x86"),
    bad_vm("no-multiboot", "name=wrong mem=8M", "no-multiboot", "multiboot"),
    bad_vm("truncated", "name=wrong mem=8M", "truncated", "truncated"),
    bad_vm("truncated-header", "name=wrong mem=8M", "truncated-header", "truncated"),
    bad_vm("outside", "name=wrong mem=8M", "outside", "outside RAM"),
    bad_vm("wraps", "name=wrong mem=8M", "wraps", "segment"),
    bad_vm("video", "name=wrong mem=8M", "video", "outside RAM"),
    bad_vm("overlap", "name=wrong mem=8M", "overlap", "overlap"),
    bad_vm("entry", "name=wrong mem=8M", "entry", "entry point"),
    bad_vm("bzimage-truncated", "name=wrong mem=8M", "bzimage-truncated", "truncated bzImage"),
    bad_vm("bzimage-old", "name=wrong mem=8M", "bzimage-old", "too old"),
    bad_vm("bzimage-low", "name=wrong mem=8M", "bzimage-low", "a zImage"),
    bad_vm("bzimage-large", "name=wrong mem=32M", "bzimage-large", "mem: too little"),
    bad_vm("bzimage-cmdline", "name=wrong mem=8M -- " + "x" * 256, "bzimage", "command line: too"),
    bad_vm("initrd-large", "name=wrong mem=8M", "bzimage", "initrd is too large",
           ("large-module", "for=wrong")),
    bad_vm("module-large", "name=wrong mem=8M", TINY, "modules are too large",
           ("large-module", "for=wrong")),
    bad_vm("disk", "name=wrong mem=8M", TINY, "disk: the image is not whole sectors",
           ("module", "disk=wrong")),
    bad_vm("disks", "name=wrong mem=8M", TINY, "disk: too many disks",
           ("disk", "disk=wrong"), ("disk", "disk=wrong")),
    Case("bad-disk-stray", vms=[(TINY, "name=good mem=8M -- still here"), ("disk", "disk=godo")],
         serial=[r"^tiny: still here\n"], status=NOT_WELL,
         monitor=[r"(?m)^umbra: godo: disk: no VM has this name; .+$"]),
    Case("bad-module-stray", vms=[(TINY, "name=good mem=8M -- still here"), ("module", "for=godo")],
         serial=[r"^tiny: still here\n"], status=NOT_WELL,
         monitor=[r"(?m)^umbra: godo: for: no VM has this name; .+$",
                  r"umbra: 1 of 1 virtual machines ran"]),
    bad_vm("unknown-option", "name=wrong mem=8M colour=red", TINY, "colour=red: unknown option"),
    bad_vm("no-value", "name=wrong mem", TINY, "mem: "),
    bad_vm("mem-word", "name=wrong mem=abc", TINY, "mem=abc: "),
    bad_vm("mem-zero", "name=wrong mem=0", TINY, "mem=0: "),
    bad_vm("mem-overflow", "name=wrong mem=99999999999999999999G", TINY, "mem=9+G: "),
    bad_vm("mem-too-much", "name=wrong mem=2000M", TINY, "mem: more memory than"),
    bad_vm("engine", "name=wrong mem=8M engine=steam", TINY, "engine=steam: "),
    Case("bad-name-missing", vms=[(TINY, "name= mem=8M"), (TINY, "name=good mem=8M -- still here")],
         serial=[r"^tiny: still here\n"], status=NOT_WELL, monitor=[r"umbra: vm1: name=: .+; .+"]),
    *SMALL,
]

# Transcripts that must be the same, but for lines that begin with "~ ". COM1 of a VM other than
# the first goes to the monitor's channel: CASE:VM.
SAME = [
    ("tiny-native", "tiny"),
    ("tiny-native", "tiny-interp"),
    ("demo-native", "demo"),
    ("demo-native", "demo-cpu-max"),
    ("demo-native", "demo-interp"),
    ("demo-native", "demo-exposed"),
    ("demo-native", "demo-twice"),
    ("demo-native", "demo-twice:two"),
    ("demo-native", "hostile"),
    ("demo-native", "hostile-interp:demo"),
    ("typed-native", "typed"),
    ("typed-native", "gdb"),
    ("crash-fault-native", "crash-fault"),
    ("crash-stack-native", "crash-stack"),
    *((f"{case.name.rpartition('-')[0]}-native", case.name) for case in SMALL
      if case.name.endswith(BOTH)),
]
