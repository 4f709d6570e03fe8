#!/bin/sh
# Testcontainers' reaper in small: takes filters on port 8080, a line each, answers ACK, and removes what they name when the last session is gone.
if [ "$1" = session ]; then
  while read -r filter; do
    echo "${filter%?}" >> /tmp/filters
    echo ACK
  done
  # Nobody else connects in the test.
  touch /tmp/over
  exit
fi
: > /tmp/filters
nc -ll -p 8080 -e /bin/sh /ryuk.sh session &
until grep -q ':1F90 ' /proc/net/tcp6; do sleep 0.1; done
echo Started
while [ ! -e /tmp/over ]; do sleep 1; done
while read -r filter; do
  docker ps -aq --filter "$filter" | while read -r id; do docker rm -fv "$id"; done
done < /tmp/filters
