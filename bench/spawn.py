#!/usr/bin/env python3
"""Runs a command and prints, as one line of JSON, what it took. Linux only.

Usage: spawn.py STDOUT COMMAND [ARGUMENT]...

A process starts with the peak memory of the one that started it, so this one imports next to nothing.
"""
import os
import sys
import time


def run(out, command):
    """Returns the exit status, seconds, resource usage, and the process's lines of /proc/PID/io."""
    start = time.perf_counter()
    pid = os.fork()
    if pid == 0:
        try:
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 1)
            os.execvp(command[0], command)
        finally:
            os._exit(127)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)  # leaves what /proc tells
    took = time.perf_counter() - start
    with open(f"/proc/{pid}/io") as f:
        io = dict(line.split(": ") for line in f.read().splitlines())
    _, status, usage = os.wait4(pid, 0)
    return os.waitstatus_to_exitcode(status), took, usage, io


if __name__ == "__main__":
    status, took, usage, io = run(sys.argv[1], sys.argv[2:])
    print('{"status": %d, "wall": %.6f, "user": %.6f, "system": %.6f, "maxrss_kib": %d, "read": %s, "written": %s}'
          % (status, took, usage.ru_utime, usage.ru_stime, usage.ru_maxrss, io["rchar"], io["wchar"]))
