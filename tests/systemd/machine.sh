#!/bin/sh
# Starts a real systemd as the first process of namespaces of its own; nothing outside of them is touched.
# Arguments: the folder with what is installed, Python's home, site-packages, the repository. Called by machine.py.
set -eu
folder=$1 python=$2 packages=$3 repository=$4
mount --make-rprivate /
mkdir -p "$folder/root" "$folder/log"
# What the namespace shows in other places must be held before those places are covered.
for name in python packages repository; do
  eval "from=\$$name"
  mkdir -p "$folder/$name" && mount --bind "$from" "$folder/$name"
done
mount -t tmpfs tmpfs /opt
mkdir -p /opt/python /opt/packages /opt/repository /opt/severa-gcal/bin /opt/shared
mount --bind "$folder/python" /opt/python
mount --bind "$folder/packages" /opt/packages
mount --bind "$folder/repository" /opt/repository
mount --bind "$folder/shared" /opt/shared
cat >/opt/severa-gcal/bin/severa-gcal <<'PROGRAM'
#!/bin/sh
export PYTHONPATH=/opt/repository:/opt/packages PYTHONDONTWRITEBYTECODE=1 LD_LIBRARY_PATH=/opt/python/lib
exec /opt/python/bin/python3 -m daemon "$@"
PROGRAM
chmod 755 /opt/severa-gcal/bin/severa-gcal
# Copied first, as the mount covers what is copied.
cp -a /etc "$folder/etc"
mount -t tmpfs tmpfs /etc
cp -a "$folder/etc/." /etc/
rm -rf "$folder/etc"
echo 'severa-gcal:x:977:977::/nonexistent:/usr/sbin/nologin' >>/etc/passwd
echo 'severa-gcal:x:977:' >>/etc/group
rm -rf /etc/systemd/system
cp -a "$folder/severa-gcal" /etc/severa-gcal
mount -t tmpfs tmpfs /var/lib
mount -t tmpfs tmpfs /run
mkdir -p /run/lock
# The unified hierarchy alone, from our own cgroup downwards: no other process's limits are seen or touched.
umount -l /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
# As systemd does on a real machine: what it mounts for a service must be seen in that service's namespace.
mount --make-rshared /
export container=test SYSTEMD_UNIT_PATH="$folder/units" SYSTEMD_LOG_TARGET=null
exec setpriv --bounding-set -sys_time,-sys_boot,-sys_module,-syslog \
  /usr/lib/systemd/systemd --system --unit=test.target --show-status=no
