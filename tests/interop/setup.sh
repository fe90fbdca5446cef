#!/bin/sh
# Makes a Debian machine ready for the tests and the clients' examples: the servers' packages, the
# headers of OpenSSL, what counts system calls and makes namespaces, and the account that the
# servers let in. Run as root; a second run changes nothing.
set -eu

# The same as in servers.rs.
user=anysocks
password=anysocks-pass

if [ "$(id -u)" -ne 0 ]; then
    echo "setup.sh: must run as root" >&2
    exit 1
fi

missing=
for package in dante-server microsocks openssh-server openssh-client tor shadowsocks-libev stunnel4 openssl v2ray dnsmasq-base vsftpd \
    redis-server postgresql libssl-dev pkg-config strace util-linux iproute2; do
    case "$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null)" in
        *" installed") ;;
        *) missing="$missing $package" ;;
    esac
done

if [ -n "$missing" ]; then
    # The tests start the servers themselves: the packages must not, neither now nor at the next
    # boot.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        trap 'rm -f "$policy"' EXIT
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
    fi
    export DEBIAN_FRONTEND=noninteractive
    apt-get update
    # shellcheck disable=SC2086 # one word a package
    apt-get install -y --no-install-recommends $missing
    if command -v systemctl >/dev/null; then
        for package in $missing; do
            dpkg -L "$package" | sed -En 's,.*/systemd/system/([^/@]+\.(service|socket))$,\1,p'
        done | while read -r unit; do
            systemctl disable --quiet "$unit" </dev/null || echo "setup.sh: $unit stays enabled" >&2
        done
    fi
fi

if ! getent passwd "$user" >/dev/null; then
    useradd --system --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin "$user"
fi
echo "$user:$password" | chpasswd

# Where sshd gives up its privileges; it is gone after a reboot.
mkdir -p -m 755 /run/sshd
