# What the scripts share that try fibers elsewhere; read with ".".
# shellcheck shell=sh
. "$(dirname "$0")/../lint/lint.sh"
slow
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# drive OUTPUT COMPILER...: fiber_drive with the sources of fibers, standing on the C library alone.
drive() {
    output=$1
    shift
    "$@" -g -O2 -std=gnu17 -D_GNU_SOURCE -Isdk/libcgw -Isdk/include -o "$output" \
        tests/unit/fiber_drive.c tests/unit/fiber_play.c sdk/libcgw/fiber/*.c \
        sdk/libcgw/fiber/*.S sdk/libcgw/base/memory.c -lm -lpthread
}
