#!/usr/bin/env python3
"""Copy the part of a set of vectors that the repository keeps.

    choose.py OUT DATA

OUT is what `make_vectors.py --plan standard --out OUT` wrote.  DATA is removed
and written anew; what was left out is listed on stdout.  The choice follows from
the names and sizes in OUT/index.json alone, so it is the same on every run.

Only whole cases are left out, and of a case nothing but the damaged shares that
damaged.json says how to make again.  Only the Python standard library is used.
"""

import argparse
import fnmatch
import json
import os
import re
import shutil
import sys

LIMIT = 5_250_000                       # bytes, of all files of DATA together
BIG = 120_000                           # bytes, of the shares of one case

# Cases over BIG that are kept; everything else over BIG is left out.
KEPT = [
    "damage-mdmf",                          # two segments, so that both have blocks and salts
    "kn-sdmf-7of10-131077",                 # more than 128 KiB in one SDMF segment
    "sweep-mdmf-393220",                    # three whole segments of 131073 and one byte
    "update-mdmf-append-1-to-2-segments",   # the other shapes are in smallseg-shape and smallseg-update
]

# Cases up to BIG that are left out, because others show the same.
LEFT_OUT = [
    "kn-*-3of10-[23]",                      # sizes of k-1 and k are in sweep (3of5), 1of3 and 2of3
    "kn-*-7of10-[67]",
    "kn-*-16of31-1[56]",
    "kn-*-16of31-1[0-9][0-9][0-9]",         # 31 shares each; 16of31-17 is kept
    "kn-*-3of255-4",
    "smallseg-shape-1[01]",                 # like 09, but ends or starts at the boundary
]

# Of the small segments, a case that fills its last segment and one that does not
# for these counts, where the hash tree changes shape (3 to 5 are in smallseg-shape).
SEGMENTS = (1, 2, 8, 9, 17, 33)

VALUES = ["zfec.json", "hashes.json", "caps.json"]


def wanted(case):
    """Whether a case of index.json is kept."""
    name = case["case"]
    if case["bytes"] > BIG:
        return name in KEPT
    if re.fullmatch(r"smallseg-mdmf-\d+", name):
        return case["segments"] in SEGMENTS
    return not any(fnmatch.fnmatch(name, p) for p in LEFT_OUT)


def copy_case(src, dst):
    with open(os.path.join(src, "case.json"), encoding="utf-8") as f:
        case = json.load(f)
    files = ["case.json"] + [s["file"] for s in case["shares"]]
    if "file" in case["plaintext"]:
        files.append(case["plaintext"]["file"])
    if os.path.exists(os.path.join(src, "damaged.json")):
        files.append("damaged.json")
        with open(os.path.join(src, "damaged.json"), encoding="utf-8") as f:
            damaged = json.load(f)["damaged"]
        # Only these have bytes that the case's own share does not have.
        files += [d["file"] for d in damaged if "replaced_by" in d["change"]]
    for name in files:
        to = os.path.join(dst, name)
        os.makedirs(os.path.dirname(to), exist_ok=True)
        shutil.copyfile(os.path.join(src, name), to)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("out", metavar="OUT", help="a whole set, as make_vectors.py left it")
    ap.add_argument("data", metavar="DATA", help="where the chosen part goes; removed first")
    a = ap.parse_args()
    with open(os.path.join(a.out, "index.json"), encoding="utf-8") as f:
        index = json.load(f)
    if os.path.exists(a.data):
        if not os.path.exists(os.path.join(a.data, "index.json")):
            print("choose.py: %s is not a set of vectors, so it is not removed" % a.data, file=sys.stderr)
            return 1
        shutil.rmtree(a.data)
    left = [c for c in index["cases"] if not wanted(c)]
    kept = [c["case"] for c in index["cases"] if wanted(c)]
    missing = set(KEPT) - set(kept)
    if missing:
        print("choose.py: not in the set: %s" % ", ".join(sorted(missing)), file=sys.stderr)
        return 1
    for name in kept:
        copy_case(os.path.join(a.out, name), os.path.join(a.data, name))
    for name in VALUES:
        shutil.copyfile(os.path.join(a.out, name), os.path.join(a.data, name))
    index["cases"] = kept               # the rest of their rows is in each case.json
    with open(os.path.join(a.data, "index.json"), "w", encoding="utf-8") as f:
        json.dump(index, f, indent=1)
        f.write("\n")
    for c in left:
        print("left out  %-36s %8d bytes" % (c["case"], c["bytes"]))
    sizes = [os.path.getsize(os.path.join(top, n)) for top, _, names in os.walk(a.data) for n in names]
    print("kept %d of %d cases; %d files, %d bytes" % (
        len(kept), len(kept) + len(left), len(sizes), sum(sizes)))
    if sum(sizes) > LIMIT:
        print("choose.py: more than %d bytes" % LIMIT, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
