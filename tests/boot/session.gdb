# A session with the demo guest, which waits at its first instruction. cases.py has what is expected
# of it; $user is the first address of its first process.
set pagination off
set confirm off
set width 0

echo == first instruction\n
info registers eip cr0 cpl
x/i $eip

echo == breakpoint, set before there is paging\n
break kernel_main
continue
backtrace
print/x $cr0 & 0x80000001
print/x *(unsigned *)0xc0100000
x/2i kernel_main

echo == step\n
stepi
stepi
next

echo == more breakpoints, and a watchpoint in the kernel\n
delete
break schedule
continue
delete
watch switches
continue
delete

echo == user code\n
break *$user
continue
print $eip == $user
info registers cpl
stepi
print $eip > $user
delete

echo == what debug registers cannot do\n
rwatch switches
continue
delete

echo == registers and memory are written\n
print $saved = switches
set var switches = 4711
print switches
set var switches = $saved
set $saved = $edx
set $edx = 0x12345678
info registers edx
set $edx = $saved

echo == the prompt from within\n
monitor list
monitor frobnicate

echo == ctrl-C\n
shell (sleep 3; kill -INT $PPID) &
continue
print $eip > 0xc0000000
info threads

echo == end\n
detach
