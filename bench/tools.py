"""What the parts of bench/run have in common: commands, the machine, Go benchmarks, ratios."""
import contextlib
import datetime
import json
import os
import pathlib
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
VENV = pathlib.Path(os.environ.get("TMPDIR") or "/tmp") / "mdmf-bench-venv"
STARTED = time.monotonic()


def say(*words):
    print(f"[{time.monotonic() - STARTED:5.0f} s]", *words, file=sys.stderr, flush=True)


def command(*args, cwd=ROOT, env=None):
    """Runs a command, in the root of the repository, and returns what it prints."""
    args = [str(a) for a in args]
    done = subprocess.run(args, cwd=cwd, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise SystemExit(f"bench/run: {' '.join(args)}: exit status {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
    return done.stdout


def python():
    """Returns the Python that has Tahoe-LAFS, zfec and matplotlib; the first time it makes the environment."""
    wanted = (HERE / "requirements.txt").read_text()
    ready = VENV / "requirements.txt"  # is there once all is installed
    if not ready.exists() or ready.read_text() != wanted:
        say(f"installing bench/requirements.txt into {VENV}")
        command(sys.executable, "-m", "venv", "--clear", VENV)
        command(VENV / "bin/pip", "install", "-q", "--no-compile", "--disable-pip-version-check", "-r", HERE / "requirements.txt")
        # Compiling everything takes longer than all of --quick; not to compile what is measured would cost it time and memory.
        command(VENV / "bin/python", "-c", "import allmydata.client, allmydata.test.mutable.util, zfec, matplotlib.pyplot",
                cwd=VENV, env={"PYTHONDONTWRITEBYTECODE": ""})
        ready.write_text(wanted)
    return VENV / "bin/python"


def theirs(script, *args, env=None):
    """Runs bench/SCRIPT in that environment."""
    with scratch() as tmp:  # Tahoe-LAFS leaves a log where it runs
        return json.loads(command(python(), HERE / script, *args, cwd=tmp, env=env))


@contextlib.contextmanager
def scratch():
    with tempfile.TemporaryDirectory(prefix="mdmf-bench-") as name:
        yield pathlib.Path(name)


def machine():
    cpu = platform.processor() or platform.machine()
    with contextlib.suppress(OSError):
        cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())[1]
    return {"cpu": cpu, "cores": len(os.sched_getaffinity(0)), "memory_gib": round(memory() / 2**30),
            "system": f"{platform.system()} {platform.machine()}", "go": command("go", "env", "GOVERSION").strip()}


def memory():
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def revision():
    """Returns which sources are measured, and when."""
    changed = command("git", "status", "--porcelain", "--", ".", ":!docs")
    return {"commit": command("git", "rev-parse", "HEAD").strip(), "dirty": bool(changed),
            "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")}


def test_binary(package, directory):
    """Builds a package's benchmarks, once."""
    out = directory / f"{pathlib.Path(package).name or 'root'}.test"
    if not out.exists():
        command("go", "test", "-c", "-o", out, package)
    return out


def go_bench(binary, pattern, *flags):
    """Runs benchmarks and returns name -> metric -> values, one for each -test.count."""
    out = command(binary, "-test.run=^$", f"-test.bench={pattern}", *flags)
    found = {}
    for line in out.splitlines():
        if m := re.match(r"Benchmark(\S+?)(?:-\d+)?\s+\d+\s+(.*)", line):
            pairs = m[2].split()
            metrics = found.setdefault(m[1], {})
            for value, unit in zip(pairs[::2], pairs[1::2]):
                metrics.setdefault(unit, []).append(float(value))
    if not found:
        raise SystemExit(f"bench/run: no benchmark matches {pattern}:\n{out}")
    return found


def spread(values):
    """Returns the median with its extremes, and what they are of."""
    return {"median": statistics.median(values), "min": min(values), "max": max(values), "values": values}
