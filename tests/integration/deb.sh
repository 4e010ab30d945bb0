#!/bin/sh
# Installs the package on this machine, starts it as its unit would, puts nginx in front, upgrades and purges it, and looks for
# what is left. Needs root; refuses where npswatch is installed already. systemd need not run: the unit's command line is
# started as the unit's user, and the unit itself is checked by systemd-analyze.
# usage: deb.sh PACKAGE.deb
set -eu
deb=$(readlink -f "$1")
work=$(mktemp -d)
chmod 755 "$work"
pids=
installed=
new_user=
id npswatch >/dev/null 2>&1 || new_user=yes
say() { echo "deb-test: $*"; }
die() { say "FAILED: $*" >&2; exit 1; }
clean() {
    for p in $pids; do kill "$p" 2>/dev/null || true; done
    [ -z "$installed" ] || dpkg --purge npswatch >/dev/null 2>&1 || true
    [ -z "$new_user" ] || userdel npswatch 2>/dev/null || true # the package leaves it, a test should not
    rm -rf "$work"
}
trap clean EXIT
trap 'exit 1' INT TERM

[ "$(id -u)" = 0 ] || die 'needs root'
dpkg-query -W npswatch >/dev/null 2>&1 && die 'npswatch is installed here; this test would remove it with its data'
[ ! -e /var/lib/npswatch ] || die '/var/lib/npswatch exists'

# Everything that bears the name where a package may put something.
ours() {
    find /etc /usr /lib /opt /run /srv /var -xdev -name '*npswatch*' -print | sort
}

say 'lintian'
lintian --fail-on error,warning --tag-display-limit 0 "$deb" || die 'lintian'

say 'units'
dpkg-deb -x "$deb" "$work/x"
mkdir -p "$work/root/usr/lib/systemd/system" "$work/root/usr/bin"
unit=$work/x/lib/systemd/system/npswatch.service
# The program in its place, for the check of ExecStart.
cp "$work/x/usr/bin/npswatch" "$work/npswatch"
sed "s|/usr/bin/npswatch|$work/npswatch|" "$unit" >"$work/npswatch.service"
sed 's/^$//' "$work/x/lib/systemd/system/npswatch.socket" >"$work/npswatch.socket"
systemd-analyze verify --man=no "$work/npswatch.service" "$work/npswatch.socket" 2>&1 | grep npswatch && die 'systemd-analyze verify'
systemd-analyze security --offline=true --threshold=20 "$unit" >"$work/security" || { cat "$work/security"; die 'unit is exposed'; }
tail -n 1 "$work/security"

say 'install'
ours >"$work/before"
installed=yes
dpkg -i "$deb" >"$work/dpkg.log" 2>&1 || { cat "$work/dpkg.log"; die 'dpkg -i'; }
[ "$(stat -c '%U:%G %a' /var/lib/npswatch)" = 'npswatch:npswatch 700' ] || die "owner of /var/lib/npswatch"
npswatch serve --config /etc/npswatch/npswatch.conf --check-config
npswatch --version
# The packaged configuration says no other than the defaults of the program.
npswatch serve --config /etc/npswatch/npswatch.conf --print-config >"$work/from-file"
npswatch serve --data /var/lib/npswatch/store --library /var/lib/npswatch/library.h5 --print-config >"$work/from-defaults"
cmp "$work/from-file" "$work/from-defaults" || die 'npswatch.conf differs from the defaults'

tracer=
start() { # OPTIONS...: the unit's command line as the unit's user, on a free port
    command=$(sed -n 's/^ExecStart=//p' "$unit")
    user=$(sed -n 's/^User=//p' "$unit")
    : >"$work/out"
    (umask 077; exec setpriv --reuid "$user" --regid "$user" --clear-groups --no-new-privs $tracer $command "$@") >"$work/out" 2>"$work/err" &
    pid=$!
    pids="$pids $pid"
    for _ in $(seq 200); do
        grep -q '^npswatch: listening on ' "$work/out" && break
        kill -0 "$pid" 2>/dev/null || { cat "$work/err"; die 'the service does not start'; }
        sleep 0.1
    done
    url=$(sed -n 's/^npswatch: listening on //p' "$work/out")
    [ -n "$url" ] || die 'the service does not listen'
}
stop() {
    kill "$pid"
    wait "$pid" || die "the service ended with $?"
}
expect() { # STATUS TEXT CURL_ARGUMENTS...
    status=$1 text=$2
    shift 2
    got=$(curl -s -o "$work/body" -D "$work/head" -w '%{http_code}' "$@" || true)
    [ "$got" = "$status" ] || { cat "$work/head" "$work/body"; die "status $got, expected $status: $(echo "$*" | cut -c 1-200)"; }
    cat "$work/head" "$work/body" | grep -qF "$text" || { cat "$work/head" "$work/body"; die "no '$text': $*"; }
}

say 'start'
setpriv --reuid npswatch --regid npswatch --clear-groups npswatch library demo -o /var/lib/npswatch/library.h5 >/dev/null
start --listen 127.0.0.1:0
expect 200 '"ready"' "$url/readyz"
token=$(sed -n 's/.*shown this once: //p' "$work/out")
printf 'Name: x\nNum Peaks: 5\n41 100\n55 200\n69 999\n83 500\n97 50\n' >"$work/sample.msp"
expect 201 '"id"' -X POST -H "Authorization: Bearer $token" -H 'Content-Type: text/plain' --data-binary @"$work/sample.msp" "$url/v1/samples"

say 'nginx in front'
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj '/CN=nps.example.org' \
    -addext 'subjectAltName=DNS:nps.example.org' -keyout "$work/key.pem" -out "$work/certificate.pem" 2>/dev/null
mkdir "$work/nginx"
sed -e "s|unix:/run/npswatch.sock;.*|${url#http://};|" -e 's/listen 80;/listen 127.0.0.1:18080;/' -e '/listen \[::\]/d' \
    -e 's/listen 443 ssl/listen 127.0.0.1:18443 ssl/' -e "s|/etc/ssl/npswatch/fullchain.pem|$work/certificate.pem|" \
    -e "s|/etc/ssl/npswatch/privkey.pem|$work/key.pem|" /usr/share/doc/npswatch/examples/nginx.conf >"$work/nginx/site.conf"
cat >"$work/nginx/nginx.conf" <<END
daemon off; pid $work/nginx/pid; error_log $work/nginx/error.log; worker_processes 1;
events {}
http { access_log off; client_body_temp_path $work/nginx/b; proxy_temp_path $work/nginx/p; fastcgi_temp_path $work/nginx/f;
       uwsgi_temp_path $work/nginx/u; scgi_temp_path $work/nginx/s; include $work/nginx/site.conf; }
END
nginx -t -q -c "$work/nginx/nginx.conf" || die 'nginx -t'
nginx -c "$work/nginx/nginx.conf" &
nginx_pid=$!
pids="$pids $nginx_pid"
sleep 1
site='--cacert '$work'/certificate.pem --connect-to nps.example.org:443:127.0.0.1:18443'
expect 308 'https://nps.example.org/x' -H 'Host: nps.example.org' http://127.0.0.1:18080/x
expect 200 '"ready"' $site https://nps.example.org/readyz
[ "$(grep -ci '^strict-transport-security' "$work/head")" = 1 ] || die 'not one HSTS header'
expect 404 'application/problem+json' $site https://nps.example.org/v1/nothing
expect 404 '' $site https://nps.example.org/metrics
head -c 34603008 /dev/zero >"$work/big"
expect 413 'application/problem+json' $site -X POST --data-binary @"$work/big" https://nps.example.org/v1/identify
# In HTTP/2 nginx ends the connection for that, without a reply.
expect 400 'application/problem+json' --http1.1 $site -H "X: $(head -c 40000 /dev/zero | tr '\0' x)" https://nps.example.org/readyz
# Two ways to say where a body ends, straight into the TLS connection.
printf 'POST /v1/identify HTTP/1.1\r\nHost: nps.example.org\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /readyz HTTP/1.1\r\nHost: nps.example.org\r\n\r\n' >"$work/smuggle"
(cat "$work/smuggle"; sleep 2) | openssl s_client -quiet -connect 127.0.0.1:18443 -servername nps.example.org >"$work/answer" 2>/dev/null || true
[ "$(grep -c '^HTTP/1.1' "$work/answer")" = 1 ] && grep -q '^HTTP/1.1 400' "$work/answer" || { cat "$work/answer"; die 'ambiguous framing got through'; }

say 'stop and start again'
stop
expect 503 'Retry-After: 5' --http1.1 $site https://nps.example.org/readyz
grep -q 'application/problem+json' "$work/head" || die 'no problem+json from nginx'
kill "$nginx_pid"
wait "$nginx_pid" || true

say 'upgrade keeps what is stored'
echo '# changed by the operator' >>/etc/npswatch/npswatch.conf
dpkg -i "$deb" >"$work/dpkg.log" 2>&1 || { cat "$work/dpkg.log"; die 'dpkg -i again'; }
tail -n 1 /etc/npswatch/npswatch.conf | grep -q operator || die 'the changed configuration is gone'
start --listen 127.0.0.1:0
expect 200 'npswatch_samples 1' "$url/metrics"
stop

# systemd does not run here, so the sandbox is not in force; but what the program asks of the kernel can be held against it.
say 'system calls are those that the unit allows'
calls_of() { # SET: its system calls, sets within it resolved
    systemd-analyze --quiet syscall-filter "$1" | sed -n '2,$s/^ *//p' | while read -r name _; do
        case $name in
            '#' | '') ;;
            @*) calls_of "$name" ;;
            *) echo "$name" ;;
        esac
    done
}
mkdir "$work/trace"
chown npswatch "$work/trace"
tracer="strace -f -qq -o $work/trace/calls"
start --listen 127.0.0.1:0
expect 200 '"ready"' "$url/readyz"
setpriv --reuid npswatch --regid npswatch --clear-groups npswatch admin token --data /var/lib/npswatch/store >"$work/token"
for _ in 1 2 3; do
    expect 201 '"id"' -X POST -H "Authorization: Bearer $(cat "$work/token")" -H 'Content-Type: text/plain' \
        --data-binary @"$work/sample.msp" "$url/v1/samples"
done
expect 200 "" -X POST -H "Authorization: Bearer $(cat "$work/token")" "$url/v1/admin/reload"
child=$(cat "/proc/$pid/task/$pid/children")
kill -HUP $child
sleep 1
kill $child
wait "$pid" || die "the traced service ended with $?"
tracer=
calls_of @system-service | sort -u >"$work/allowed"
{ calls_of @privileged; calls_of @resources; } | sort -u >"$work/denied"
# The trace begins with the execve of the program itself.
sed -n 's/^[0-9]* *\([a-z_0-9]*\)(.*/\1/p' "$work/trace/calls" | sort -u >"$work/used"
comm -23 "$work/allowed" "$work/denied" | comm -13 - "$work/used" >"$work/refused"
[ ! -s "$work/refused" ] || die "the unit would refuse: $(tr '\n' ' ' <"$work/refused")"
grep -E '(mmap|mprotect)\(.*PROT_WRITE\|PROT_EXEC' "$work/trace/calls" && die 'memory that is writable and executable'
grep 'socket(AF_' "$work/trace/calls" | grep -v -e AF_INET -e AF_UNIX && die 'a socket of another family'
say "$(wc -l <"$work/used") kinds of system calls, all allowed"

say 'remove keeps it too, purge does not'
dpkg --remove npswatch >"$work/dpkg.log" 2>&1 || { cat "$work/dpkg.log"; die 'dpkg --remove'; }
[ -f /var/lib/npswatch/store/npswatch.db ] && [ -f /etc/npswatch/npswatch.conf ] || die 'remove took data or configuration'
dpkg --purge npswatch >"$work/dpkg.log" 2>&1 || { cat "$work/dpkg.log"; die 'dpkg --purge'; }
installed=
grep -i warning "$work/dpkg.log" && die 'purge warns'
ours >"$work/after"
diff "$work/before" "$work/after" || die 'files are left after purge'
say 'good'
