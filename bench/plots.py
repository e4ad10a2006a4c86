#!/usr/bin/env python3
"""Draws the plots of docs/performance.md. Usage: plots.py PERFORMANCE.JSON DIRECTORY"""
import html
import io
import json
import pathlib
import re
import sys

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke

import tables

INK, QUIET, RED, BLUE = "#1b1f24", "#57606a", "#b42318", "#1f5a8c"
PLAIN = {"facecolor": "#7fb2dc", "edgecolor": INK, "lw": 0.8}
STRIPED = {"facecolor": "#d5e6f4", "edgecolor": INK, "lw": 0.8, "hatch": "//"}
DOTTED = {"facecolor": "#f3d48f", "edgecolor": INK, "lw": 0.8, "hatch": ".."}
HALO = [withStroke(linewidth=4, foreground="white")]
WIDTH = 8.6  # inches of 96 pixels
matplotlib.rcParams.update({
    "svg.fonttype": "none", "svg.hashsalt": "mutable", 
    "font.family": "sans-serif", "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial"], "font.size": 9.5,
    "axes.titlesize": 11, "axes.titleweight": "bold", "axes.titlelocation": "left", "axes.titlepad": 10,
    "axes.spines.top": False, "axes.spines.right": False, "axes.edgecolor": QUIET, "axes.axisbelow": True,
    "text.color": INK, "axes.labelcolor": INK, "xtick.color": INK, "ytick.color": INK,
    "grid.color": "#d8dee4", "legend.frameon": False, "hatch.linewidth": 0.8,
    "figure.facecolor": "white", "savefig.facecolor": "white",
})


def save(figure, path, title, text):
    out = io.StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    plt.close(figure)
    svg = re.sub(r"\s*<metadata>.*?</metadata>", "", out.getvalue(), flags=re.S)
    svg = svg.replace("<svg ", '<svg role="img" aria-labelledby="title desc" ', 1)
    head = f'<title id="title">{html.escape(title)}</title>\n <desc id="desc">{html.escape(text)}</desc>'
    svg = re.sub(r"(<svg [^>]*>)", lambda m: f"{m[1]}\n {head}", svg, count=1)
    path.write_text("\n".join(line.rstrip() for line in svg.splitlines()) + "\n")


def whiskers(ax, along, place, s):
    """A line from the least to the greatest of several runs."""
    ends, still = [s["min"], s["max"]], [place, place]
    ax.plot(*((still, ends) if along == "y" else (ends, still)), color=INK, lw=1.4, path_effects=HALO)


def target(ax, x, y):
    ax.plot(x, y, color=RED, lw=2, ls=(0, (2.5, 1)), path_effects=HALO)


TARGET = Line2D([], [], color=RED, lw=2, ls=(0, (2.5, 1)), label="target")
RANGE = Line2D([], [], color=INK, lw=1.4, label="range of the runs")


def bars_of_limit(ax, groups, title, *series):
    """groups are names on the axis; series are (bars' style, group -> (spread, target))."""
    for x, g in enumerate(groups):
        here = [(style, *rows[g]) for style, rows in series if g in rows]
        wide = 0.8 / len(series)
        for i, (style, s, least) in enumerate(here):
            at = x + (i - (len(here) - 1) / 2) * wide
            ax.bar(at, s["median"], wide * 0.92, **style)
            whiskers(ax, "y", at, s)
            target(ax, [at - wide * 0.46, at + wide * 0.46], [least, least])
            ax.text(at, 0.05, f"{s['median']:.2f}", ha="center", bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5})
    ax.axhline(1, color=INK, lw=1.2)
    ax.set_title(title)
    ax.set(ylim=(0, 1.15), xticks=range(len(groups)), xticklabels=groups, xlabel="k-of-N")
    ax.tick_params(axis="x", length=0)
    ax.grid(axis="y")


def limit(f, out):
    part = f["parts"]["limit"]
    groups = list(tables.ENCODE)
    encode = {g: (part["encode"][f"{g}/workers=1"]["of-limit"], tables.ENCODE[g]) for g in groups}
    read = {b: {} for b in tables.READ}
    for name in part["read"]:
        g, b, workers = name.split("/")
        if workers == "workers=1":
            read[b][g] = part["read"][name]["of-limit"], tables.READ[b]
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 4.2), sharey=True, width_ratios=[4, 5])
    bars_of_limit(left, groups, "Encode", (PLAIN, encode))
    bars_of_limit(right, groups, "Read", (PLAIN, read["primary"]), (STRIPED, read["parity"]))
    left.set_ylabel("share of the limit, one core")
    left.text(-0.45, 1.02, "the limit")
    handles = [Patch(**PLAIN, label="encode; read primary shares"), Patch(**STRIPED, label="read parity shares"), TARGET, RANGE]
    figure.legend(handles=handles, loc="lower center", ncols=4, columnspacing=1.5)
    figure.tight_layout(rect=(0, 0.07, 1, 1))
    said = [f"encode {g} {encode[g][0]['median']:.2f}" for g in encode]
    said += [f"read {g} from {b} shares {read[b][g][0]['median']:.2f}" for b in read for g in read[b]]
    save(figure, out / "performance-limit.svg", "Encode and read against the limit",
         "How much of the speed of AES-CTR, erasure code and SHA-256 in a bare loop on one core is reached: " + "; ".join(said) + ".")


def factors(ax, rows, title, most):
    """rows are (label, spread, target or None, bars' style), from the top."""
    for y, (_, s, least, style) in enumerate(rows):
        ax.barh(y, s["median"], 0.62, **style)
        whiskers(ax, "x", y, s)
        if least:
            target(ax, [least, least], [y - 0.42, y + 0.42])
        ax.text(most, y, f"{s['median']:.1f} ×", ha="right", va="center")
    ax.set_title(title)
    ax.set(xscale="log", xlim=(1, most), yticks=range(len(rows)), yticklabels=[r[0] for r in rows], ylim=(len(rows) - 0.4, -0.6))
    ax.set_xticks([t for t in (1, 2, 5, 10, 20, 50, 100, 200, 500) if t < most / 1.5])
    ax.xaxis.set_major_formatter("{x:g} ×")
    ax.minorticks_off()
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="x")


def against(f, out):
    """Ours against Tahoe-LAFS and zfec."""
    panels = []
    if t := f["parts"].get("tahoe"):
        rows = [(f"{what} {form.upper()}", t["formats"][form][what]["ratio"], least, PLAIN) for (form, what), least in tables.TAHOE.items()]
        rows += [(f"memory {form.upper()}", m["ratio"], tables.MEMORY, STRIPED) for form, m in t["memory"].items()]
        panels.append((rows, "Against Tahoe-LAFS: times as fast, times less memory"))
    if z := f["parts"].get("zfec"):
        rows = [(f"{what} {kn}", z[kn][what]["ratio"], least, DOTTED) for kn, least in tables.ZFEC.items() for what in ("encode", "decode")]
        panels.append((rows, "The erasure code against zfec: times as fast"))
    figure, axes = plt.subplots(len(panels), 1, figsize=(WIDTH, 3 * len(panels) + 0.3), squeeze=False)
    most = 2.2 * max(max(s["max"], least or 0) for rows, _ in panels for _, s, least, _ in rows)
    for ax, (rows, title) in zip(axes[:, 0], panels):
        factors(ax, rows, title, most)
    figure.legend(handles=[TARGET, RANGE], loc="lower center", ncols=2)
    figure.tight_layout(rect=(0, 0.05, 1, 1), h_pad=2)
    save(figure, out / "performance-tahoe.svg", "Against Tahoe-LAFS and zfec",
         "; ".join(f"{label} {s['median']:.1f} times" for rows, _ in panels for label, s, _, _ in rows) + ".")


def growth(f, out):
    sizes = f["parts"]["growth"]["sizes"]
    names = [s for s in sizes if s != "1"]
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 4))
    for what, colour, marker in (("encode", BLUE, "o"), ("decode", RED, "s")):
        left.plot(range(len(names)), [tables.per_byte(sizes, s, what) for s in names], color=colour, marker=marker, label=what)
        large = [i for i, s in enumerate(names) if int(s) >= tables.TICKS]
        left.plot(large, [tables.per_byte(sizes, names[i], what, ("user",)) for i in large], color=colour, marker=marker, mfc="white", ls=":",
                  label=f"{what}, without the kernel")
        right.plot(range(len(names)), [sizes[s][what]["maxrss_kib"]["max"] / 1024 for s in names], color=colour, marker=marker, label=what)
    right.axhline(64, color=INK, ls="--", lw=1.2)
    right.annotate("target: at most 64 MiB", (0, 64), xytext=(0, 4), textcoords="offset points")
    left.set(title="CPU time, ns for each byte", ylim=(0, None))
    right.set(title="Peak memory, MiB", ylim=(0, 80))
    for ax in (left, right):
        ax.set(xticks=range(len(names)), xticklabels=[tables.short(int(s)).replace(" ", "\n") for s in names], xlabel="size of the file")
        ax.grid(axis="y")
    left.legend()
    right.legend(loc="center right")
    figure.tight_layout()
    save(figure, out / "performance-growth.svg", "Time for each byte and peak memory, by size of the file",
         "; ".join(f"{what} {tables.short(int(s))}: {tables.per_byte(sizes, s, what):.2f} ns for each byte, "
                   f"{sizes[s][what]['maxrss_kib']['max'] / 1024:.0f} MiB" for what in ("encode", "decode") for s in names) + ".")


def main():
    f, out = json.loads(pathlib.Path(sys.argv[1]).read_text()), pathlib.Path(sys.argv[2])
    if "limit" in f["parts"]:
        limit(f, out)
    if {"tahoe", "zfec"} & set(f["parts"]):
        against(f, out)
    if "growth" in f["parts"]:
        growth(f, out)


if __name__ == "__main__":
    main()
