# Adds up result files ("PASSED FAILED"). One that is not there counts as a failure, since then its
# runner broke down; fails when a test failed or none was run.

BEGIN {
    for (i = 1; i < ARGC; i++) {
        if ((getline < ARGV[i]) > 0) {
            passed += $1
            failed += $2
        } else {
            failed++
        }
    }
    printf "%d passed, %d failed\n", passed, failed
    exit failed > 0 || passed == 0
}
