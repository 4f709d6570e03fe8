# What file systems are asked for beyond reading and writing, on a folder that is bound from the host. Says nothing but what is wrong.
cd "$1" || exit 1
bad() { echo "$*"; }
is() { [ "$2" = "$3" ] || bad "$1: $2, not $3"; }

echo one >first
ln first second
echo two >>second
is 'a hard link' "$(stat -c %h first) $(stat -c %i second) $(wc -l <first)" "2 $(stat -c %i first) 2"
rm first
is 'the other name stays' "$(stat -c %h second) $(head -n 1 second)" '1 one'

truncate -s 5G sparse
echo end >>sparse
is 'a file of more than 4 GiB' "$(stat -c %s sparse) $(tail -c 4 sparse)" '5368709124 end'
[ "$(du -k sparse | cut -f 1)" -lt 1024 ] || bad "sparse takes $(du -k sparse)"
dd if=/dev/zero of=sparse bs=1 seek=4294967296 count=1 conv=notrunc 2>/dev/null
is 'written beyond 4 GiB' "$(stat -c %s sparse)" 5368709124

echo new >over.tmp
echo old >over
exec 3<over
mv over.tmp over
is 'renamed over' "$(cat over) $(cat <&3)" 'new old'
exec 3<&-
mkdir -p full/inner empty
mv -T empty full 2>/dev/null && bad 'a folder was renamed over one that is not empty'
(set -C; : >over) 2>/dev/null && bad 'O_EXCL made what was there'

long=$(printf 'n%.0s' $(seq 255))
: >"$long" || bad 'no name of 255 bytes'
(: >"${long}n") 2>/dev/null && bad 'a name of 256 bytes'
: >"$(printf 'latin-\351\377')"
: >'名字 😀 "x" \ *'
: >"$(printf 'new\nline')"
is 'names' "$(ls -1 | grep -c .)" 9

touch -d '2001-02-03 04:05:06' second
is 'a time' "$(stat -c %Y second)" "$(date -d '2001-02-03 04:05:06' +%s)"
chmod 4751 second
is 'a mode' "$(stat -c %a second)" 4751
mkfifo pipe
(echo through >pipe &)
is 'a pipe' "$(cat pipe)" through
: >gone
exec 3>gone 4<gone
rm gone
echo kept >&3
is 'a file without a name' "$(cat <&4)" kept
exec 3>&- 4<&-

mkdir many
(cd many && seq "$2" | while read -r i; do : >"file-$i"; done)
is 'small files' "$(ls many | wc -l)" "$2"
