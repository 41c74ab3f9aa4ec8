#!/bin/sh
# Put the HAProxy of a Debian suite into a folder of its own; nothing is installed, no root is needed.
#
#   integration/get-haproxy.sh SUITE FOLDER        FOLDER/haproxy runs afterwards
#
#   bookworm 2.6 · trixie 3.0 · sid 3.2 · experimental 3.4        (2.8: pip install 'hadyn[haproxy]')
#
#   for pair in trixie:3.0 sid:3.2 experimental:3.4; do
#       integration/get-haproxy.sh ${pair%:*} /opt/haproxy/${pair#*:}
#   done
#
# Needs apt-get and dpkg-deb, a network, and Debian's archive keys. HADYN_DEBIAN_MIRROR names
# another mirror than the one this machine's apt uses.
set -eu

if [ $# -ne 2 ]; then
    sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
suite=$1
mkdir -p "$2"
folder=$(cd "$2" && pwd)
keys=/usr/share/keyrings/debian-archive-keyring.gpg

mirror=${HADYN_DEBIAN_MIRROR:-$(
    cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
        grep -E '^(deb|URIs:)' | grep -oE 'https?://[^ ]+/debian(/| |$)' | head -n 1 | sed 's,[/ ]*$,,'
)}
mirror=${mirror:-http://deb.debian.org/debian}

# apt with a state of its own: an empty list of what is installed, so that it fetches whatever HAProxy
# needs down to the C library, and an archive of its own to fetch it into.
work=$(mktemp -d "$folder/.get-XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/archives/partial"
: >"$work/status"
echo "deb [signed-by=$keys] $mirror $suite main" >"$work/sources"
if [ "$suite" = experimental ]; then
    # It holds only what differs from sid.
    echo "deb [signed-by=$keys] $mirror sid main" >>"$work/sources"
fi
private_apt() {
    apt-get -qq \
        -o Dir::Etc::SourceList="$work/sources" -o Dir::Etc::SourceParts=/dev/null \
        -o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null \
        -o Dir::State="$work" -o Dir::State::Lists="$work/lists" -o Dir::State::Status="$work/status" \
        -o Dir::Cache="$work" -o Dir::Cache::Archives="$work/archives" \
        -o Debug::NoLocking=1 -o APT::Sandbox::User="$(id -un)" -o Acquire::Languages=none "$@"
}
private_apt update
private_apt install --yes --download-only --no-install-recommends --target-release "$suite" haproxy >/dev/null

rm -rf "$folder/root"
for archive in "$work"/archives/*.deb; do
    dpkg-deb --extract "$archive" "$folder/root"
done
# Documents, locales and the like: half of it all.
rm -rf "$folder/root/usr/share" "$folder/root/var" "$folder/root/etc"

# HAProxy runs with the C library it was built for, through that library's own loader.
loader=$(find "$folder/root" -name 'ld-linux*.so.*' \( -path '*/lib*/*' \) | head -n 1)
libraries=$(find "$folder/root" -name 'lib*.so.*' -exec dirname {} + | sort -u | paste -sd:)
# The master starts itself anew by its own name when it reloads: that name has to be this script.
cat >"$folder/haproxy" <<WRAPPER
#!/bin/sh
exec $loader --argv0 $folder/haproxy --library-path $libraries $folder/root/usr/sbin/haproxy "\$@"
WRAPPER
chmod +x "$folder/haproxy"

"$folder/haproxy" -v | head -n 1
