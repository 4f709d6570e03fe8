# The start scripts of the images of PostgreSQL, MySQL and MongoDB, and the checks that their servers make, rebuilt in small: what a data folder that
# is bound from the host must look like. Runs as root in a container, `sh databases.sh DATABASE FOLDER`; says "ready" and the count of starts.
set -eu
database=$1 data=$2
case $database in
postgres) user=postgres uid=999 ;;
mysql) user=mysql uid=998 ;;
mongo) user=mongodb uid=997 ;;
esac
grep -q "^$user:" /etc/passwd || echo "$user:x:$uid:$uid::/:/bin/sh" >>/etc/passwd
die() { echo "$database: $*" >&2; exit 1; }

# docker-entrypoint.sh, as root
mkdir -p "$data"
case $database in
postgres)
  chmod 00700 "$data"
  find "$data" \! -user $uid -exec chown $user {} +
  ;;
mysql) find "$data" \! -user $uid -exec chown -h $user {} + ;;
mongo) find "$data" \! -user $uid -exec chown $user {} + ;;
esac
[ -z "$(find "$data" \! -user $uid)" ] || die "chown is not seen: $(ls -lan "$data")"

cat >/tmp/server <<'SERVER'
set -eu
die() { echo "$database: $*" >&2; exit 1; }
[ "$(id -u)" = "$uid" ] || die "not $user"
mode_of() { stat -c %a "$1"; }
owner_of() { stat -c %u "$1"; }
case $database in
postgres)
  umask 077
  if [ ! -s "$data/PG_VERSION" ]; then
    # initdb: the folder is empty, and stays its own
    [ -z "$(ls -A "$data")" ] || die "exists but is not empty"
    for folder in base global pg_wal pg_tblspc pg_stat_tmp; do mkdir "$data/$folder"; done
    ln -s ../base "$data/pg_tblspc/1663"
    dd if=/dev/zero of="$data/pg_wal/000000010000000000000001" bs=65536 count=16 2>/dev/null
    echo key >"$data/server.key"
    echo 17 >"$data/PG_VERSION"
    echo 0 >"$data/starts"
  fi
  # checkDataDir, and the server's key
  [ "$(owner_of "$data")" = "$uid" ] || die "data directory has wrong ownership"
  [ "$(mode_of "$data")" = 700 ] || die "data directory has invalid permissions $(mode_of "$data")"
  [ "$(owner_of "$data/server.key") $(mode_of "$data/server.key")" = "$uid 600" ] || die "private key file has group or world access"
  rm -f "$data/postmaster.pid"
  echo $$ >"$data/postmaster.pid"
  [ "$(cat "$data/pg_tblspc/1663/../PG_VERSION")" = 17 ] || die "tablespace"
  # A checkpoint: written, made whole, renamed over what was.
  echo $(($(cat "$data/starts") + 1)) >"$data/starts.tmp"
  sync
  mv "$data/starts.tmp" "$data/starts"
  ;;
mysql)
  [ "$(owner_of "$data")" = "$uid" ] || die "data directory is not $user's"
  # lower_case_table_names: which of the two names is there decides it, and must be the same at each start.
  : >"$data/host.lower-test"
  [ ! -e "$data/HOST.LOWER-TEST" ] || die "case is not kept"
  rm "$data/host.lower-test"
  [ -e "$data/ibdata1" ] || { truncate -s 12M "$data/ibdata1"; mkdir -m 750 "$data/mysql"; echo 0 >"$data/starts"; }
  chmod 640 "$data/ibdata1"
  # A configuration that everybody may write is ignored.
  echo '[mysqld]' >"$data/my.cnf"
  chmod 644 "$data/my.cnf"
  [ "$(mode_of "$data/my.cnf")" = 644 ] || die "world-writable config file"
  (umask 077; echo private >"$data/private_key.pem")
  [ "$(owner_of "$data/private_key.pem") $(mode_of "$data/private_key.pem")" = "$uid 600" ] || die "private key"
  dd if=/dev/zero of="$data/ibdata1" bs=16384 count=8 conv=notrunc 2>/dev/null
  [ "$(stat -c %s "$data/ibdata1")" = 12582912 ] || die "size of ibdata1"
  echo $(($(cat "$data/starts") + 1)) >"$data/starts"
  ;;
mongo)
  [ -w "$data" ] || die "Data directory $data is read-only"
  [ -e "$data/keyfile" ] || { (umask 277; echo secret >"$data/keyfile"); mkdir -m 700 "$data/journal" "$data/diagnostic.data"; echo 0 >"$data/starts"; }
  case $(owner_of "$data/keyfile"):$(mode_of "$data/keyfile") in
  "$uid":400) ;;
  *) die "permissions on keyfile are too open, or it is not ours: $(ls -ln "$data/keyfile")" ;;
  esac
  echo $$ >"$data/mongod.lock"
  mkfifo "$data/mongodb-27017.sock" 2>/dev/null || true
  [ "$(owner_of "$data/mongodb-27017.sock")" = "$uid" ] || die "socket"
  rm "$data/mongodb-27017.sock"
  echo $(($(cat "$data/starts") + 1)) >"$data/starts"
  : >"$data/mongod.lock"
  ;;
esac
echo "ready $(cat "$data/starts")"
SERVER
# exec gosu
exec env database=$database data="$data" user=$user uid=$uid su $user -c 'exec sh /tmp/server'
