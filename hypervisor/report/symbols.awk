# `nm -n` of the monitor -> its table of functions (symbols.h). Names go into a section of their own
# behind all code, so that the addresses stay what they were when the table is linked in.
BEGIN {
    print "#include \"hypervisor/report/symbols.h\""
    print "extern const struct symbol symbols[];"
    print "extern const unsigned symbol_count;"
}

# Stubs and other local labels of the assembly are kept; the 32-bit entry code is not in the table.
$2 ~ /^[tT]$/ && $1 ~ /^ffffffff/ && $3 !~ /^(text_start|text_end)$/ {
    name[count] = $3
    address[count++] = $1
}

END {
    section = "__attribute__((section(\".symbols\")))"
    for (i = 0; i < count; i++)
        printf "static const char name%d[] %s = \"%s\";\n", i, section, name[i]
    print "const struct symbol symbols[] " section " = {"
    for (i = 0; i < count; i++)
        printf "    {0x%sull, name%d},\n", address[i], i
    print "    {0, 0},"
    print "};"
    printf "const unsigned symbol_count %s = %d;\n", section, count
}
