# Sourced by tests/run, tests/portable and .ci/run: steps of which a failed one does not keep the
# later ones from running, and a summary of them at the end. The script fails if a step failed, or,
# with strict=yes, if a test was left out.

set -uo pipefail
export CARGO_TERM_COLOR=never
# Most tests wait for a deadline or a peer, so that more of them than cores run at once.
export RUST_TEST_THREADS=${RUST_TEST_THREADS:-8}
: "${strict:=no}"
steps=() left_out=() failed=0
# A command that the end of the script runs.
at_end=:
scratch=$(mktemp -d)
# Tests append what they leave out.
export ANYSOCKS_LEFT_OUT=$scratch/left-out
: >"$ANYSOCKS_LEFT_OUT"

# step COMMAND ARGUMENT...
step() {
    attempt "$@" || failed=1
}

# attempt COMMAND ARGUMENT...: a step that may fail.
attempt() {
    local began=$SECONDS status
    printf '\n=== %s\n' "$*"
    "$@" 2>&1 | tee "$scratch/output"
    status=${PIPESTATUS[0]}
    if [ "$status" = 0 ]; then
        steps+=("$(printf '%5ss  %.120s' $((SECONDS - began)) "$*")")
        return
    fi
    steps+=("$(printf '%5ss  %.120s: FAILED (%s)' $((SECONDS - began)) "$*" "$status")")
    while read -r line; do
        steps+=("        $line")
    done < <(grep -E '^test .* FAILED$|^no end after |^timeout: ' "$scratch/output")
    return 1
}

# left_out WHAT: lists what this machine can't do.
left_out() {
    echo "left out $1"
    left_out+=("$1")
}

# limit_programs TARGET RUNNER...: what cargo runs for this target, it runs by the runner, and ends
# it after 20 minutes: each test has a limit of its own, which is far below that.
limit_programs() {
    local name=CARGO_TARGET_${1^^}_RUNNER
    shift
    if command -v timeout >/dev/null; then
        set -- timeout --foreground --verbose --kill-after=10 1200 "$@"
    fi
    export "${name//-/_}=$*"
}

summary() {
    local status=$?
    $at_end
    printf '\n=== summary of %s after %ss\n' "$0" "$SECONDS"
    printf '%s\n' "${steps[@]}"
    if [ "${#left_out[@]}" -gt 0 ]; then
        printf 'left out %s\n' "${left_out[@]}"
    fi
    if [ -s "$ANYSOCKS_LEFT_OUT" ]; then
        sort -u "$ANYSOCKS_LEFT_OUT" | sed 's/^/left out the test /'
        # It is built from Debian's source, which not every mirror has.
        if [ "$strict" = yes ] && grep -qv 'Dante with GSS-API' "$ANYSOCKS_LEFT_OUT"; then
            failed=1
        fi
    fi
    rm -rf "$scratch"
    [ "$failed" = 0 ] || [ "$status" != 0 ] || status=1
    [ "$status" = 0 ] && echo "=== passed" || echo "=== FAILED"
    exit "$status"
}
trap summary EXIT
# A status of its own, or a script that was stopped would seem to have passed.
trap 'exit 130' INT
trap 'exit 143' TERM HUP

limit_programs "$(rustc -vV | sed -n 's/^host: //p')"
