# What every benchmark of this directory begins with. Source it first:
#
#   source "$(dirname "${BASH_SOURCE[0]}")/common.bash"
#   least_rounds=9 default_rounds=9   # before the options are read; optional
#   bench_options "$@"                # json (--json or empty), rounds, builds, quick (--quick or empty), root
#   bench_needs openssl luajit        # programs; status 2 when one is missing
#   bench_cores                       # client_core, server_core: numbers, or empty where there are not two; client_words, server_words: taskset …
#   bench_builds luajit               # Release builds in $builds/VM/lib; LUA_PATH is set for the module and bench/
#   bench_dir                         # $dir, private, removed at the end together with every process in the array `started`
#   bench_certificates                # $dir/ca.pem, server.pem, server.key (localhost and 127.0.0.1), bundle.pem: the system's and ours
#   bench_nginx NAME TEMPLATE "WORDS…" KEY=VALUE…   # starts nginx -> $port; @DIR@, @PORT@, @PORT_2@ (the next one), @KEY@ are filled in
#   bench_measure lua5.4 "$root/bench/NAME.lua" …   # runs the measurement and ends with the benchmark's status
#
# The measurement's figures are made, printed and judged by figures.lua, so that they look the same everywhere. Status: 0 every target
# holds, 1 one does not, 2 it could not be measured. Whatever a benchmark starts ends after $longest seconds.
set -euo pipefail
umask 077

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
longest=1200
least_rounds=9
default_rounds=9
bundle=/etc/ssl/certs/ca-certificates.crt
json=
quick=
builds=
rounds=
started=()

fail() {
  echo "bench: $*" >&2
  exit 2
}

bench_usage() {
  echo "usage: ${0##*/} [--json] [--rounds N] [--builds DIR] [--quick]; N is at least $least_rounds ($default_rounds)" >&2
  exit 2
}

bench_options() {
  while [ $# -gt 0 ]; do
    case $1 in
      --json) json=--json ;;
      --quick) quick=--quick ;;
      --rounds | --builds)
        [ $# -ge 2 ] || bench_usage
        if [ "$1" = --rounds ]; then rounds=$2; else builds=$2; fi
        shift
        ;;
      *) bench_usage ;;
    esac
    shift
  done
  if [ -z "$rounds" ]; then
    rounds=$default_rounds
    if [ -n "$quick" ]; then rounds=3; fi
  fi
  case $rounds in *[!0-9]* | 0) bench_usage ;; esac
  [ -n "$quick" ] || [ "$rounds" -ge "$least_rounds" ] || fail "fewer than $least_rounds rounds say nothing"
}

bench_needs() {
  local tool
  for tool in "$@"; do
    command -v "$tool" >/dev/null || fail "$tool is not installed"
  done
}

# What is measured and what serves it or loads it do not share a processor where there are two.
bench_cores() {
  local range core cores=()
  client_core=
  server_core=
  client_words=()
  server_words=()
  if command -v taskset >/dev/null; then
    for range in $(taskset -cp $$ | sed 's/.*: //; s/,/ /g'); do
      for ((core = ${range%-*}; core <= ${range#*-}; core++)); do cores+=("$core"); done
    done
  fi
  if [ "${#cores[@]}" -ge 2 ]; then
    client_core=${cores[0]}
    server_core=${cores[1]}
    client_words=(taskset -c "$client_core")
    server_words=(taskset -c "$server_core")
  fi
}

bench_builds() {
  local vm
  if [ -z "$builds" ]; then
    bench_needs cmake cc
    builds=$root/build/bench
    for vm in "$@"; do
      cmake -S "$root" -B "$builds/$vm" -DVKYC_LUA="$vm" -DCMAKE_BUILD_TYPE=Release >/dev/null || fail "cmake failed for $vm"
      cmake --build "$builds/$vm" -j "$(nproc)" >"$builds/$vm/build.log" 2>&1 || fail "the build for $vm failed: $builds/$vm/build.log"
    done
  fi
  builds=$(cd "$builds" && pwd) || fail "there are no builds"
  for vm in "$@"; do
    [ -f "$builds/$vm/lib/vkyc/core.so" ] || fail "there is no build in $builds/$vm"
  done
  export LUA_PATH="$root/lua/?.lua;$root/lua/?/init.lua;$root/bench/?.lua;;"
  unset LUA_INIT LUA_PATH_5_4 LUA_CPATH_5_4 LUA_INIT_5_4 LUA_CPATH
}

bench_finish() {
  local i
  for ((i = ${#started[@]} - 1; i >= 0; i--)); do
    kill -TERM "${started[i]}" 2>/dev/null || true
    wait "${started[i]}" 2>/dev/null || true
  done
  rm -rf "$dir"
}

bench_dir() {
  dir=$(mktemp -d "${TMPDIR:-/tmp}/vkyc-bench.XXXXXX")
  trap bench_finish EXIT
  trap 'exit 2' INT TERM
  mkdir "$dir/tmp"
}

make_certificates() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "/CN=vkyc bench CA" \
    -keyout "$dir/ca.key" -out "$dir/ca.pem" 2>/dev/null
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=localhost" \
    -keyout "$dir/server.key" -out "$dir/server.csr" 2>/dev/null
  echo "subjectAltName=DNS:localhost,IP:127.0.0.1" >"$dir/server.ext"
  openssl x509 -req -in "$dir/server.csr" -CA "$dir/ca.pem" -CAkey "$dir/ca.key" -CAcreateserial -days 2 \
    -extfile "$dir/server.ext" -out "$dir/server.pem" 2>/dev/null
  cat "$bundle" "$dir/ca.pem" >"$dir/bundle.pem"
}

bench_certificates() {
  bench_needs openssl
  [ -f "$bundle" ] || fail "ca-certificates is not installed"
  make_certificates || fail "openssl could not make certificates"
}

# Starts nginx on $port; 1 when the port turns out to be taken.
serve() { # NAME TEMPLATE WORDS KEY=VALUE…
  local name=$1 text words i pair pid
  text=$(<"$2")
  read -ra words <<<"$3"
  shift 3
  for pair in "$@" DIR="$dir" NAME="$name" PORT="$port" PORT_2="$((port + 1))"; do
    text=${text//@"${pair%%=*}"@/"${pair#*=}"}
  done
  printf '%s\n' "$text" >"$dir/$name.conf"
  rm -f "$dir/$name.pid"
  "${words[@]}" timeout -k 5 "$longest" "$nginx" -p "$dir/" -e "$dir/$name.log" -c "$dir/$name.conf" </dev/null >"$dir/$name.out" 2>&1 &
  pid=$!
  for ((i = 0; i < 100; i++)); do
    kill -0 "$pid" 2>/dev/null || break
    # Only our own nginx writes this file, and only once it has its port.
    if [ -s "$dir/$name.pid" ]; then
      started+=("$pid")
      return 0
    fi
    sleep 0.05
  done
  kill -TERM "$pid" 2>/dev/null || true
  wait "$pid" 2>/dev/null || true
  return 1
}

bench_nginx() {
  local n
  nginx=${NGINX:-$(PATH=$PATH:/usr/sbin:/usr/local/openresty/nginx/sbin command -v nginx)} || fail "nginx is not installed"
  for ((n = 0; n < 20; n++)); do
    port=$((20000 + RANDOM % 30000))
    if serve "$@"; then
      return 0
    fi
    grep -qs 'Address already in use' "$dir/$1.log" "$dir/$1.out" || break
  done
  cat "$dir/$1.log" "$dir/$1.out" >&2 2>/dev/null || true
  fail "nginx did not start"
}

# In the background, because a signal would wait for the end of what runs in the foreground.
bench_measure() {
  local status=0
  timeout "$longest" "$@" &
  started+=("$!")
  wait "$!" || status=$?
  case $status in
    0) exit 0 ;;
    3) exit 1 ;; # figures.lua: 1 is what a script's own error ends with
    *) fail "the measurement ended with status $status" ;;
  esac
}
