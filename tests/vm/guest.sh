#!/bin/sh
# Runs in the emulated kernel: a pytest run of the files given, results into the share. Usage: guest.sh SHARE TREE PYTHON WORD...
# The exit code goes through a file: that of the virtual console is lost on a kernel with virtio_console as a module.
share=$1 tree=$2 python=$3
shift 3
exec >"$share/log" 2>&1 </dev/null
uname -r
cat /sys/kernel/security/lsm && echo
echo "controllers: $(cat /sys/fs/cgroup/cgroup.controllers)"
cd "$tree" || exit
# No plugin but pytest's own, and no bytecode over the network file system: each costs seconds here.
export PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 PYTHONDONTWRITEBYTECODE=1 HOME=/root CI=true PROCTOR_VM=1
"$python" -m pytest -c "$share/pytest.ini" --rootdir="$tree" --noconftest -p no:cacheprovider \
    --basetemp=/tmp/proctor-vm -ra --durations=10 --junit-xml="$share/junit.xml" "$@"
echo $? >"$share/rc"
