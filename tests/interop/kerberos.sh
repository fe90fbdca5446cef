#!/bin/sh
# Makes a Debian machine ready for the tests of GSS-API: installs a KDC and valgrind, and builds a
# danted with GSS-API, which Debian's own danted lacks. `setup.sh` calls this. Run as root; a second
# run changes nothing.
#
#   kerberos.sh            both
#   kerberos.sh --danted   prints the path of the danted that the other form has built
#
# The danted is built from Debian's own source, in about a minute, and kept outside of the checkout.
# Where that source can't be had, the tests that need it are left out.
set -eu

packages="krb5-kdc krb5-admin-server krb5-user valgrind"
# Only for the build.
tools="libkrb5-dev gcc make patch bison flex xz-utils"

danted() {
    version=$(dpkg-query -W -f '${Version}' dante-server)
    echo "${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/anysocks-tests/danted-$version/danted"
}

case ${1-} in
    --danted) danted && exit ;;
    "") ;;
    *) echo "kerberos.sh: unknown argument $1" >&2 && exit 2 ;;
esac

if [ "$(id -u)" -ne 0 ]; then
    echo "kerberos.sh: must run as root" >&2
    exit 1
fi

here=$(dirname "$0")
# shellcheck disable=SC2086 # one word a package
"$here/install.sh" $packages

danted=$(danted)
if [ -x "$danted" ]; then
    exit
fi

# Lists what the build can't provide, and ends without an error.
left_out() {
    echo "left out Dante with GSS-API: $1"
    if [ -n "${ANYSOCKS_LEFT_OUT-}" ]; then
        echo "interop: Dante with GSS-API: $1" >>"$ANYSOCKS_LEFT_OUT"
    fi
    exit 0
}

# shellcheck disable=SC2086
"$here/install.sh" $tools || left_out "the tools that build it can't be installed"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

# The machine's own package lists stay as they are: those of the sources are in this folder.
mkdir -p lists/partial
sources=/etc/apt/sources.list.d/debian.sources
if [ -e "$sources" ]; then
    sed 's/^Types: deb$/Types: deb-src/' "$sources" >deb-src.sources
else
    sources=/etc/apt/sources.list
    sed -n 's/^deb /deb-src /p' "$sources" >deb-src.list
fi
list=$(echo "$scratch"/deb-src.*)
source_apt() {
    timeout 300 apt-get -q -o Dir::Etc::sourcelist="$list" -o Dir::Etc::sourceparts=/dev/null \
        -o Dir::State::lists="$scratch/lists" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= \
        -o APT::Sandbox::User=root "$@"
}
{ source_apt update && source_apt source --download-only dante; } || left_out "its source can't be had"

# dpkg-source would need dpkg-dev.
tar -xf dante_*.orig.tar.* --one-top-level=dante --strip-components=1
cd dante
tar -xf ../dante_*.debian.tar.*
while read -r patch; do
    case $patch in "" | "#"*) ;; *) patch -s -p1 <"debian/patches/$patch" ;; esac
done <debian/patches/series
# With equal times, make does not regenerate configure.
find . -type f -exec touch -d 2020-01-01 {} +

build() {
    ./configure --with-gssapi --disable-client --disable-preload --without-upnp --without-ldap \
        --without-sasl --without-bsdauth --without-pam --without-libwrap --without-krb5 \
        ACLOCAL=: AUTOCONF=: AUTOMAKE=: AUTOHEADER=:
    # The server compiles the parser that is generated for the library.
    cp lib/config_parse.c lib/config_scan.c sockd/
    for folder in libscompat lib sockd; do
        make -j"$(nproc)" -C "$folder"
    done
}
if ! (build) >../build.log 2>&1; then
    tail -n 40 ../build.log >&2
    left_out "it can't be built"
fi
mkdir -p "$(dirname "$danted")"
# In one step, so that a build that is stopped leaves nothing.
install -s sockd/sockd "$danted.new"
mv "$danted.new" "$danted"
