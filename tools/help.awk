# Lists the targets of the makefiles given: "target: ... ## what it does", in groups headed by
# "##@ Title"; lines "##? NAME=value  what it means" are the variables, listed at the end.

BEGIN { FS = ":.*## " }

/^##@ / { group = substr($0, 5); next }

/^##\? / { variables[++count] = substr($0, 5); next }

/^[A-Za-z0-9_.-]+:.*## / {
    if (group != shown)
        printf "\n%s\n", group
    shown = group
    printf "  %-18s %s\n", $1, $2
}

END {
    if (count)
        print "\nVariables (make TARGET NAME=value)"
    for (i = 1; i <= count; i++) {
        split(variables[i], word, /  +/)
        printf "  %-18s %s\n", word[1], word[2]
    }
    print ""
}
