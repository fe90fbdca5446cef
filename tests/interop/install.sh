#!/bin/sh
# Installs the named Debian packages that are missing, without starting their services. Run as root.
set -eu

missing=
for package; do
    case "$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null)" in
        *" installed") ;;
        *) missing="$missing $package" ;;
    esac
done
if [ -z "$missing" ]; then
    exit
fi

# The tests start the servers themselves: the packages must not, neither now nor at the next boot.
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
        systemctl disable --quiet "$unit" </dev/null || echo "install.sh: $unit stays enabled" >&2
    done
fi
