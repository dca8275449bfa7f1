# What both scripts of the image share: a program's output and exit status between markers.
export PATH=/bin:/usr/bin:/sbin:/usr/sbin:/workload LANG=C HOME=/root TZ=UTC
dmesg -n 1

# part NAME COMMAND...: runs it, and says how it ended.
part()
{
    echo "=== $1"
    shift
    "$@" 2>&1 </dev/null
    echo "=== status $?"
}
