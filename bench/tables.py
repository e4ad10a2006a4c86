"""The tables of docs/performance.md, from the figures in performance.json."""
import re
import statistics


def ratio(s, digits=3):
    """Median (min–max)."""
    if len(s["values"]) == 1:
        return f"{s['median']:.{digits}f}"
    return f"{s['median']:.{digits}f} ({s['min']:.{digits}f}–{s['max']:.{digits}f})"


def goal(figure, least=None, most=None, unit=" ×"):
    """A target, and whether the figure, or the median of several runs, reaches it."""
    value = figure["median"] if isinstance(figure, dict) else figure
    target = f"≥ {least:g}{unit}" if most is None else f"≤ {most:g}{unit}"
    met = value >= least if most is None else value <= most
    return f"{target} | {'met' if met else '**missed**'}"


def short(n):
    """1048576 as 1 MiB."""
    for unit, size in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if n >= size:
            return f"{n / size:g} {unit}"
    return f"{n} B"


def duration(seconds):
    return f"{seconds:.2f} s" if seconds >= 1 else f"{1e3 * seconds:.1f} ms"


def table(head, rows):
    """Columns after the first are set right, but for words."""
    line = ["---", *("---" if h in ("reached", "measured on") else "---:" for h in head[1:])]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, line, *rows))


def run(f):
    m = f["machine"]
    rows = [["machine", f"{m['cpu']}, {m['cores']} cores, {m['memory_gib']} GiB, {m['system']}"], ["Go", m["go"].removeprefix("go")]]
    for name, part in f["parts"].items():
        rows.append([name, f"{part['date']}, commit {part['commit'][:12]}" + (" with changes" if part["dirty"] else "")])
    return table(["figures", "measured on"], rows)


# Shares of the limit that encoding and reading should reach.
ENCODE = {"3-of-10": 0.92, "7-of-10": 0.88, "1-of-1": 0.88, "25-of-100": 0.88}
READ = {"primary": 0.88, "parity": 0.80}


def encode(f):
    rows = []
    for kn, least in ENCODE.items():
        one, two = (f["parts"]["limit"]["encode"][f"{kn}/workers={w}"] for w in (1, 2))
        rows.append([kn, ratio(one["of-limit"]), goal(one["of-limit"], least, unit=""), f"{one['MB/s']['median']:.0f}",
                     f"{two['MB/s']['median']:.0f}", ratio(one["two-cores"]), goal(one["two-cores"], 1.8)])
    return table(["k-of-N", "of the limit", "target", "reached", "MB/s, 1 core", "MB/s, 2 cores", "2 cores against 1", "target", "reached"], rows)


def read(f):
    rows, group = [], f["parts"]["limit"]["read"]
    for name in (n for n in group if n.endswith("workers=1")):
        kn, blocks, _ = name.split("/")
        one, two = group[name], group[name[:-1] + "2"]
        rows.append([f"{kn}, {blocks}", ratio(one["of-limit"]), goal(one["of-limit"], READ[blocks], unit=""), f"{one['MB/s']['median']:.0f}",
                     f"{two['MB/s']['median']:.0f}", ratio(one["two-cores"]), goal(one["two-cores"], 1.8)])
    return table(["k-of-N, shares", "of the limit", "target", "reached", "MB/s, 1 core", "MB/s, 2 cores", "2 cores against 1", "target", "reached"], rows)


def small(f):
    rows, group = [], f["parts"]["limit"]["small"]
    for form in ("mdmf", "sdmf"):
        s = group[f"{form}/encode"]["of-signature"]
        rows.append([f"encode 1 KiB, {form.upper()}", ratio(s) + " signatures", goal(s, most=1.3, unit="")])
    for form in ("mdmf", "sdmf"):
        s = group[f"{form}/read"]["of-check"]
        rows.append([f"open and read 1 KiB, {form.upper()}", ratio(s) + " checks of one", goal(s, most=4.5, unit="")])
    return table(["operation", "time", "target", "reached"], rows)


# Shares of the limit that making shares again, and checking, should reach.
REBUILD, CHECK = 0.7, 0.8


def rebuild(f):
    rows, group = [], f["parts"]["repair"]["rebuild"]
    for name in (n for n in group if n.endswith("workers=1")):
        form, what, _ = name.split("/")
        one, two = group[name], group[name[:-1] + "2"]
        rows.append([f"{form.upper()}, {REBUILDS[what]}", ratio(one["of-limit"]), goal(one["of-limit"], REBUILD, unit=""),
                     f"{one['MB/s']['median']:.0f}", f"{two['MB/s']['median']:.0f}", ratio(one["two-cores"])])
    return table(["3 of 10 shares again", "of the limit", "target", "reached", "MB/s, 1 core", "MB/s, 2 cores", "2 cores against 1"], rows)


REBUILDS = {"quick": "from 3 others", "verify": "behind a check of all 7 others"}


def check(f):
    rows, group = [], f["parts"]["repair"]["check"]
    for name in (n for n in group if n.endswith("workers=1")):
        form, kn, _ = name.split("/")
        one, two = group[name], group[name[:-1] + "2"]
        rows.append([f"{form.upper()}, {kn}", ratio(one["of-limit"]), goal(one["of-limit"], CHECK, unit=""), f"{one['MB/s']['median']:.0f}",
                     f"{two['MB/s']['median']:.0f}", ratio(one["two-cores"]), goal(one["two-cores"], 1.7)])
    return table(["all shares", "of the limit", "target", "reached", "MB/s, 1 core", "MB/s, 2 cores", "2 cores against 1", "target", "reached"], rows)


TAHOE = {("mdmf", "publish"): 15, ("mdmf", "retrieve"): 20, ("sdmf", "publish"): 8, ("sdmf", "retrieve"): 4}


def least(f, what):
    """Seconds that the bare primitives would take for the same file on all cores, if those shared nothing."""
    limit = f["parts"].get("limit")
    if not limit:
        return None
    row = (limit["encode"]["3-of-10/workers=1"] if what == "publish" else limit["read"]["3-of-10/primary/workers=1"])
    rate = row["MB/s"]["median"] / row["of-limit"]["median"] * 1e6 * f["machine"]["cores"]
    return f["parts"]["tahoe"]["size"] / rate


def tahoe(f):
    rows, formats = [], f["parts"]["tahoe"]["formats"]
    for (form, what), goal_ratio in TAHOE.items():
        row, bound = formats[form][what], least(f, what)
        theirs = row["theirs_s"]["median"]
        rows.append([f"{what}, {form.upper()}", duration(theirs), duration(row["ours_s"]["median"]), ratio(row["ratio"], 1),
                     goal(row["ratio"], goal_ratio), f"{theirs / bound:.1f} ×" if bound else "—"])
    return table(["operation", "Tahoe-LAFS", "this", "times as fast", "target", "reached", "the limit would be"], rows)


MEMORY = 10  # times that of Tahoe-LAFS must be


def memory(f):
    rows, forms = [], f["parts"]["tahoe"]["memory"]
    for form, m in forms.items():
        rows.append([form.upper(), f"{m['theirs_kib']['median'] / 1024:.0f} MiB", f"{m['theirs_idle_kib'] / 1024:.0f} MiB",
                     f"{m['ours_kib']['median'] / 1024:.0f} MiB", ratio(m["ratio"], 1), goal(m["ratio"], MEMORY)])
    return table(["format", "Tahoe-LAFS", "of which for 1 byte", "this", "times as much", "target", "reached"], rows)


ZFEC = {"3-of-10": 40, "7-of-10": None, "25-of-100": 10}


def zfec(f):
    rows = []
    for kn, least in ZFEC.items():
        code = f["parts"]["zfec"][kn]
        for what in ("encode", "decode"):
            row = code[what]
            lost = f", {code['lost']} lost" if what == "decode" else ""
            rows.append([f"{what} {kn}{lost}", f"{row['theirs']['median']:.0f}", f"{row['ours']['median']:.0f}", ratio(row["ratio"], 1),
                         goal(row["ratio"], least) if least else "— | —"])
    return table(["operation", "zfec, MB/s", "this, MB/s", "times as fast", "target", "reached"], rows)


def update(f):
    u = f["parts"]["update"]
    m, c = u["memory"], u["command"]
    rows = [[f"in memory, {short(m['size'])}", duration(m["update-s"]["median"]), duration(m["encode-s"]["median"]),
             ratio(m["times"], 0), "—", "—"]]
    if c:
        each = f"{c['read']['median'] / c['shares'] / 1024:.1f} and {c['written']['median'] / c['shares'] / 1024:.1f} KiB"
        rows.append([f"`mdmf update`, {short(c['size'])}", duration(c["wall"]["median"]), duration(c["encode"]["wall"]),
                     f"{c['encode']['wall'] / c['wall']['median']:.0f}", each, f"{c['maxrss_kib']['median'] / 1024:.0f} MiB"])
    out = table(["1 byte in the middle of", "update", "encode again", "times as fast", "read and written per share", "peak memory"], rows)
    return out if c else out + "\n\nThe command `mdmf update` was not there when this was measured."


def per_byte(sizes, size, what, clocks=("user", "system")):
    """Nanoseconds of CPU for each byte beyond what 1 byte takes."""
    took, start = (sum(sizes[s][what][c]["median"] for c in clocks) for s in (size, "1"))
    return 1e9 * (took - start) / int(size)


def growth(f):
    rows, sizes = [], f["parts"]["growth"]["sizes"]
    for size, row in sizes.items():
        for what in ("encode", "decode"):
            user, system, wall, peak = (row[what][m]["median"] for m in ("user", "system", "wall", "maxrss_kib"))
            rates = ["—", "—"] if size == "1" else [f"{per_byte(sizes, size, what, c):.2f}" for c in (("user", "system"), ("user",))]
            rows.append([f"{what} {short(int(size))}", duration(user), duration(system), *rates, duration(wall), f"{peak / 1024:.1f} MiB"])
    head = ["operation", "user CPU", "system CPU", "both, ns/byte beyond 1 B", "user, ns/byte beyond 1 B", "elapsed", "peak memory"]
    return table(head, rows) + "\n\n" + verdicts(sizes)


def spreading(rates):
    """How far from their median the farthest is, in percent."""
    return max(abs(100 * (rate / statistics.median(rates) - 1)) for rate in rates)


TICKS = 64 << 20  # from this size on, the 4 ms in which the kernel tells user from system time do not matter


def verdicts(sizes):
    rows = []
    for what in ("encode", "decode"):
        for name, least, clocks in (("CPU", 2, ("user", "system")), ("user CPU", TICKS, ("user",))):
            rates = [per_byte(sizes, s, what, clocks) for s in sizes if int(s) >= least]
            if rates:
                off = spreading(rates)
                since = "all sizes" if least == 2 else f"{short(least)} and more"
                rows.append([f"{what}: {name} for each byte, {since}: farthest from the median", f"{off:.0f} %", goal(off, most=10, unit=" %")])
        peak = max(row[what]["maxrss_kib"]["max"] for row in sizes.values()) / 1024
        rows.append([f"{what}: peak memory of any run", f"{peak:.1f} MiB", goal(peak, most=64, unit=" MiB")])
    return table(["over the sizes", "figure", "target", "reached"], rows)


def profile(f):
    p = f["parts"]["profile"]
    lines = table(["where the time of an encode goes", "share"], [[who, f"{share:.1f} %"] for who, share in p["percent"].items()])
    top = "\n".join(f"{share:6.2f}%  {name}" for share, name in p["top"])
    return f"{lines}\n\n```text\n{top}\n```"


NEEDS = {run: None, encode: "limit", read: "limit", small: "limit", rebuild: "repair", check: "repair", tahoe: "tahoe", memory: "tahoe",
         zfec: "zfec", update: "update", growth: "growth", profile: "profile"}


def make(figures):
    """Returns the tables by name, of those parts that were measured."""
    return {t.__name__: t(figures) for t, part in NEEDS.items() if part is None or part in figures["parts"]}


def fill(page, figures):
    """Puts the tables between their marks."""
    for name, text in make(figures).items():
        mark = re.compile(rf"(<!-- figures: {name} -->\n).*?(<!-- end -->)", re.S)
        if not mark.search(page):
            raise SystemExit(f"bench/run: the page has no mark for the figures {name}")
        page = mark.sub(lambda m: f"{m[1]}\n{text}\n\n{m[2]}", page)
    return page
