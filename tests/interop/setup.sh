#!/bin/sh
# Makes a Debian machine ready for the tests and the clients' examples: the servers' packages, the
# headers of OpenSSL, what counts system calls and makes namespaces, what the tests of GSS-API need,
# and the account that the servers let in. Run as root; a second run changes nothing.
set -eu

# The same as in servers.rs.
user=anysocks
password=anysocks-pass

if [ "$(id -u)" -ne 0 ]; then
    echo "setup.sh: must run as root" >&2
    exit 1
fi

here=$(dirname "$0")
"$here/install.sh" dante-server microsocks openssh-server openssh-client tor shadowsocks-libev \
    stunnel4 openssl v2ray dnsmasq-base vsftpd redis-server postgresql libssl-dev pkg-config strace \
    util-linux iproute2 curl git
"$here/kerberos.sh"

if ! getent passwd "$user" >/dev/null; then
    useradd --system --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin "$user"
fi
echo "$user:$password" | chpasswd

# Where sshd gives up its privileges; it is gone after a reboot.
mkdir -p -m 755 /run/sshd
