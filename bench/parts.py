"""What is measured: each function is one part of bench/run and returns figures for performance.json."""
import re

import growth
from tools import command, go_bench, say, scratch, spread, test_binary, theirs

CODES = [(3, 10), (7, 10), (25, 100)]


def limit(o):
    """How near encoding and reading come to the bare primitives."""
    return against_limit(o, "Encode", "Read", "Small")


def repair(o):
    """How near making lost shares again, and checking all, come to the bare primitives."""
    return against_limit(o, "Rebuild", "Check")


def against_limit(o, *names):
    """Runs these benchmarks of the root package."""
    with scratch() as tmp:
        binary = test_binary(".", tmp)
        flags = [f"-test.count={o.runs}", f"-test.benchtime={o.benchtime}"]
        rows = go_bench(binary, f"^Benchmark({'|'.join(names)})$", *flags)
    out = {name.lower(): {} for name in names}
    for name, metrics in rows.items():
        kind, rest = name.split("/", 1)
        wanted = {unit: spread(values) for unit, values in metrics.items() if unit in ("of-limit", "of-signature", "of-check", "MB/s")}
        out[kind.lower()][rest] = wanted
    for group in out.values():
        for name in [n for n in group if n.endswith("workers=1")]:
            one, two = group[name]["of-limit"]["values"], group[name[:-1] + "2"]["of-limit"]["values"]
            group[name]["two-cores"] = spread([b / a for a, b in zip(one, two)])
    return out


def tahoe(o):
    """Publish and retrieve in memory, in turn with Tahoe-LAFS, and the memory of both with files."""
    out = {"size": o.size, "formats": {}, "memory": {}}
    with scratch() as tmp:
        binary = test_binary("./bench", tmp)
        for form in ("mdmf", "sdmf"):
            say(f"Tahoe-LAFS, {form}, {o.runs} rounds")
            rows = {"publish": [], "retrieve": []}
            for _ in range(o.runs):
                t = theirs("tahoe.py", o.size, form, "--runs", 2)
                g = go_bench(binary, f"^Benchmark(Publish|Retrieve)$/^{form}$", f"-test.benchtime={o.rounds}x", f"-size={o.size}")
                for what, row in rows.items():
                    seconds = g[f"{what.title()}/{form}"]["ns/op"][0] / 1e9
                    row.append((t[f"{what}_s"][-1], seconds))  # the first one makes room for the shares
            out["formats"][form] = {what: compared(row) for what, row in rows.items()}
    for form in ("mdmf", "sdmf"):
        out["memory"][form] = tahoe_memory(o, form)
    return out


def compared(row):
    """Takes pairs of their seconds and ours."""
    return {"theirs_s": spread([t for t, _ in row]), "ours_s": spread([g for _, g in row]), "ratio": spread([t / g for t, g in row])}


def tahoe_memory(o, form):
    """Peak memory for the same work with plaintext and shares in files."""
    theirs_kib, ours = [], {"encode": [], "decode": []}
    for _ in range(o.few):
        with scratch() as tmp:
            theirs_kib.append(theirs("tahoe.py", o.size, form, "--runs", 1, "--dir", tmp)["maxrss_kib"])
        with growth.stage(o.size) as s:
            ours["encode"].append(s.encode(form)["maxrss_kib"])
            ours["decode"].append(s.decode()["maxrss_kib"])
    worst = [max(pair) for pair in zip(ours["encode"], ours["decode"])]
    with scratch() as tmp:
        idle = theirs("tahoe.py", 1, form, "--runs", 1, "--dir", tmp)["maxrss_kib"]
    return {"theirs_kib": spread(theirs_kib), "theirs_idle_kib": idle, "ours_kib": spread(worst),
            "ratio": spread([t / g for t, g in zip(theirs_kib, worst)])}


# For zfec: the C library keeps what is freed, and need not ask the kernel for each block again.
KEEP = {"MALLOC_TRIM_THRESHOLD_": str(1 << 30)}


def zfec(o):
    """The erasure code on one core, in turn with zfec."""
    out = {}
    with scratch() as tmp:
        binary = test_binary("./bench", tmp)
        for k, n in CODES:
            rows = {"encode": [], "decode": []}
            for _ in range(o.runs):
                t = theirs("zfec.py", k, n, "--seconds", o.seconds, env=KEEP)
                g = go_bench(binary, f"^BenchmarkCode$/^{k}-of-{n}$", "-test.cpu=1", f"-test.benchtime={o.seconds}s")
                for what, row in rows.items():
                    row.append((t[what], g[f"Code/{k}-of-{n}/{what}"]["MB/s"][0]))
            out[f"{k}-of-{n}"] = {what: {"theirs": spread([t for t, _ in row]), "ours": spread([g for _, g in row]),
                                         "ratio": spread([g / t for t, g in row])} for what, row in rows.items()}
            out[f"{k}-of-{n}"]["lost"] = t["lost"]
    return out


def update(o):
    """One byte changed in memory, against encoding the file again; then the command with files."""
    with scratch() as tmp:
        g = go_bench(test_binary("./bench", tmp), "^BenchmarkUpdate$", f"-test.count={o.runs}",
                     f"-test.benchtime={o.rounds}x", f"-size={o.size}")["Update"]
    out = {"memory": {"size": 2 * o.size, **{unit: spread(g[unit]) for unit in ("update-s", "encode-s", "times")}}}
    out["command"] = growth.update(o)
    return out


# Who spends the time of an encode, by the names of functions.
SPENDERS = {
    "SHA-256": r"sha256",
    "AES-CTR": r"/aes\.|ctrBlocks",
    "erasure code": r"reedsolomon",
    "copying and clearing memory": r"runtime\.mem(move|clr)",
    "RSA and random numbers": r"/rsa\.|bigmod|drbg|chacha8|rand\.",
}


def profile(o):
    """Who spends the processor time of publishing in memory on one core."""
    with scratch() as tmp:
        binary, record = test_binary("./bench", tmp), tmp / "cpu"
        go_bench(binary, "^BenchmarkPublish$/^mdmf$", "-test.cpu=1", f"-test.benchtime={4 * o.rounds}x", f"-size={o.size}",
                 f"-test.cpuprofile={record}")
        top = command("go", "tool", "pprof", "-top", "-nodecount=1000", "-nodefraction=0", "-ignore=newFile", binary, record)
    shares, first = dict.fromkeys([*SPENDERS, "everything else"], 0.0), []
    for line in top.splitlines():
        if m := re.match(r"\s*[\d.]+\w*\s+([\d.]+)%\s+[\d.]+%\s+[\d.]+\w*\s+[\d.]+%\s+(.*)", line):
            who = next((w for w, pattern in SPENDERS.items() if re.search(pattern, m[2])), "everything else")
            shares[who] += float(m[1])
            first.append([float(m[1]), m[2]])
    whole = sum(shares.values()) / 100
    return {"percent": {w: p / whole for w, p in shares.items()}, "top": [[p / whole, name] for p, name in first[:8] if p]}
