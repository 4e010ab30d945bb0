#!/bin/sh
# Installs the Debian packages named on the command line that are not there yet. Says what it does; as root, or by sudo.
missing=
for p in "$@"; do
    # A tool from elsewhere serves as well as Debian's package of it.
    case $p in
        gcc | make | python3 | cppcheck | clang-tidy | clang | chromium) command -v "$p" >/dev/null 2>&1 && continue ;;
        npm) command -v npm >/dev/null 2>&1 && continue ;;
        nodejs) command -v node >/dev/null 2>&1 && continue ;;
        pkg-config) command -v pkg-config >/dev/null 2>&1 && continue ;;
    esac
    [ "$(dpkg-query -W -f '${Status}' "$p" 2>/dev/null)" = 'install ok installed' ] || missing="$missing $p"
done
[ -z "$missing" ] && exit 0
echo "Needed and not installed:$missing"
sudo=
if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null 2>&1; then
        echo "Please install them as root: apt-get install$missing" >&2
        exit 1
    fi
    sudo=sudo
fi
if [ "$CI" != true ] && [ -t 0 ]; then
    printf 'Install them now with apt-get? [Y/n] '
    read -r answer
    case $answer in [nN]*) exit 1 ;; esac
fi
echo "Installing with apt-get:$missing"
export DEBIAN_FRONTEND=noninteractive
# The tests start what they need themselves, on loopback: a package must not start its service beside them.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' | $sudo tee $policy >/dev/null
    $sudo chmod 755 $policy
    trap '$sudo rm -f $policy' EXIT
fi
$sudo apt-get update -qq && $sudo apt-get install -y -qq --no-install-recommends $missing >/dev/null
