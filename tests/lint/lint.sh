# What the lint scripts in sh share; read with ".", in the source folder afterwards.
# shellcheck shell=sh
set -eu
build=$(cd "${top_builddir:-.}" && pwd)
export build
cd "${top_srcdir:-$(dirname "$0")/../..}"

# need TOOL PACKAGE: end as skipped where the tool is missing.
need() {
    command -v "$1" >/dev/null && return
    echo "skipped: on Debian, apt-get install $2"
    exit 77
}

# Slow checks are left out where the whole suite only proves that a tarball is complete.
slow() {
    test "${CGW_CHECK:-}" != quick && return
    echo "skipped: CGW_CHECK=quick"
    exit 77
}

c_files() {
    find server sdk modules tests -name '*.[ch]' | sort
}
