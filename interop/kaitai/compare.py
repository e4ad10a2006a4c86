"""Compares what parsers made from docs/format/*.ksy find in containers and shares with what
"mdmf inspect" says: compare.py MDMF PARSERS FILES

In the files below FILES/intact everything must agree: name, place and value of each field,
and name and place of each region. Of those below FILES/damaged the headers must agree; there
a parser may give up or have other regions, since only inspect makes do with offsets that are
wrong.
"""

import ast
import base64
import collections
import importlib
import itertools
import json
import pathlib
import subprocess
import sys

from kaitaistruct import BytesIO, KaitaiStream, KaitaiStruct, KaitaiStructError

# How a parser gives up.
GIVES_UP = (KaitaiStructError, EOFError, ValueError, ZeroDivisionError, OverflowError)

# Instances that show once more what others show.
VIEWS = {"signed", "share_version"}

# Parts of a container of which inspect lists the fields.
LISTED = {"leases", "extra_lease_count", "extra_leases"}

# An Item is a field or an instance. format is the share or container that it belongs to, and
# path the names that lead there. A derived value has no place; its start and end are None.
Item = collections.namedtuple("Item", "format path holder start end value")


class Disagreement(Exception):
    pass


def walk(node, at=0, format=None, path=()):
    """All items in node, whose stream starts at byte at of the file."""
    format = format or node
    for name in node.SEQ_FIELDS + [n for n, v in vars(type(node)).items() if isinstance(v, property)]:
        value = getattr(node, name)
        place = node._debug.get(name) or node._debug.get("_m_" + name)
        here = path + (name,)
        if not place:
            if value is not None:
                yield Item(format, here, type(node), None, None, value)
            continue
        for v, p in zip(value, place["arr"]) if isinstance(value, list) else [(value, place)]:
            yield Item(format, here, type(node), at + p["start"], at + p["end"], v)
            if isinstance(v, KaitaiStruct):
                inside = (format, here) if v._parent else ()  # without a parent it is a share, in a container
                if v._io is node._io:
                    yield from walk(v, at, *inside)
                    continue
                yield from walk(v, at + p["start"], *inside)
                if inside and not v._io.is_eof():
                    raise Disagreement(f"the records in {name} do not fill it")


def in_header(item):
    return len(item.path) == 1 and item.path[0] in item.format.SEQ_FIELDS


def region(item):
    """The name of the region that inspect has there."""
    name = item.path[-1]
    if name in ("iv", "salt"):
        return "salt"
    if not in_header(item):
        return {"extra_leases": "leases"}.get(item.path[0], item.path[0])
    if type(item.format).__name__ == "Container":
        return "container"
    return "header" if item.format._debug[name]["end"] <= len(item.format.signed) else "offsets"


def check_field(item, field):
    """The item is the field that inspect lists. Values are not shown, as some are secret."""
    name = field["name"].split(": ")[-1].lower().replace(" ", "_")
    if (name, field["offset"], field["length"]) != (item.path[-1], item.start, item.end - item.start):
        raise Disagreement(f"{item.path[-1]} at byte {item.start}, but inspect has {name} at byte {field['offset']}")
    text = field["value"]
    if isinstance(item.value, int):
        value = int(text)
    elif name == "magic":
        value = ast.literal_eval("b" + text)
    elif name == "node_id":
        value = base64.b32decode(text.upper())
    else:
        value = bytes.fromhex(text)
    if value != item.value:
        raise Disagreement(f"{name} at byte {item.start} has another value")


def check_fields(items, fields):
    for item, field in itertools.zip_longest(sorted(items, key=lambda item: item.start), fields):
        if item is None or field is None:
            raise Disagreement("one has a field more: " + (field["name"] if field else item.path[-1]))
        check_field(item, field)


def runs(regions):
    """(name, start, end) in order, without empty ones, neighbours of one name joined."""
    joined = []
    for name, start, end in sorted((r for r in regions if r[1] < r[2]), key=lambda r: r[1]):
        if joined and joined[-1][0] == name and joined[-1][2] == start:
            start = joined.pop()[1]
        joined.append((name, start, end))
    return joined


def check_regions(leaves, regions):
    """The leaves make up the regions that inspect lists, and so cover the file."""
    got = runs((region(item), item.start, item.end) for item in leaves)
    want = runs((r["name"], r["offset"], r["offset"] + r["length"]) for r in regions)
    for g, w in itertools.zip_longest(got, want):
        if g != w:
            raise Disagreement(f"region {g}, but inspect has {w}")


def check_derived(node, inspection):
    """What a description computes, and which bytes are signed, is as inspect has it."""
    at = 0
    if inspection["kind"] == "container":
        if f" v{node.container_version}\n" not in ast.literal_eval(inspection["fields"][0]["value"]):
            raise Disagreement(f"container version {node.container_version}")
        node, at = node.share, node._debug["_m_share"].get("start")
    if type(node).__name__.lower() != inspection.get("format"):
        raise Disagreement(f"{type(node).__name__}, but inspect has {inspection.get('format')}")
    n = node.number_of_segments
    got = [node.block_length] * (n - 1) + [node.tail_block_length] * (n > 0)
    want = [r["length"] for r in inspection["regions"] if r["name"] == "share_data"]
    if got != want:
        raise Disagreement(f"blocks of {got} bytes, but inspect has {want}")
    signed = node.signed and node._debug["_m_signed"]
    unsigned = next(r["offset"] for r in inspection["regions"] if r["name"] == "offsets")
    if (signed["start"], at + signed["end"]) != (0, unsigned):
        raise Disagreement(f"signed up to byte {at + signed['end']}, but inspect has the offsets at byte {unsigned}")
    number = inspection["shnum"]  # -1 if inspect cannot tell, of a damaged share
    if number >= 0 and sorted(e.node_number for e in node.share_hash_chain.entries) != chain(node.n, number):
        raise Disagreement("the share hash chain is that of another share")


def chain(n, number):
    """The numbers of the nodes that lead from leaf number of a hash tree over n leaves to the
    root: the siblings of all nodes on the way."""
    node, nodes = (1 << (n - 1).bit_length()) - 1 + number, []
    while node > 0:
        nodes.append(node + 1 if node % 2 else node - 1)
        node = (node - 1) // 2
    return sorted(nodes)


def check_bytes(leaves, data):
    """Values are what stands at their places."""
    for item in leaves:
        there = data[item.start : item.end]
        if (int.from_bytes(there, "big") if isinstance(item.value, int) else there) != item.value:
            raise Disagreement(f"{item.path[-1]} does not stand at byte {item.start}")


def check_headers(node, inspection, at=0):
    """The fields in front agree, which depend on nothing, and those of a share inside."""
    fields = {field["offset"]: field for field in inspection["fields"]}
    for name in node.SEQ_FIELDS:
        place = node._debug[name]
        item = Item(node, (name,), type(node), at + place["start"], at + place["end"], getattr(node, name))
        check_fields([item], [fields.get(item.start)])
    share = getattr(node, "share", None)
    if isinstance(share, KaitaiStruct):
        check_headers(share, inspection, at + node._debug["_m_share"]["start"])


def check_all(node, data, inspection):
    """Everything agrees. Returns the names of all items that are not empty."""
    items = list(walk(node))
    leaves = [item for item in items if item.start is not None and not isinstance(item.value, KaitaiStruct)]
    check_bytes(leaves, data)
    leaves = [item for item in leaves if item.path[-1] not in VIEWS]
    check_fields([item for item in leaves if in_header(item) or item.path[0] in LISTED], inspection["fields"])
    check_regions(leaves, inspection["regions"])
    check_derived(node, inspection)
    return {f"{item.holder.__qualname__}.{item.path[-1]}" for item in items if item.start is None or item.start < item.end}


def compare(parser, data, inspection, intact):
    """What came of it, and the names of all items that were compared."""
    try:
        node = parser(KaitaiStream(BytesIO(data)))
        node._read()
        check_headers(node, inspection)
        try:
            return "agree", check_all(node, data, inspection)
        except Disagreement:
            if intact:
                raise
            return "damaged, other regions", set()
    except GIVES_UP as e:
        if intact:
            raise Disagreement(f"the parser gives up: {type(e).__name__}")
        return "damaged, the parser gives up", set()


def declared(cls):
    """The names of all fields and instances of cls and the types in it."""
    for name, value in vars(cls).items():
        if isinstance(value, type):
            yield from declared(value)
        elif isinstance(value, property):
            yield f"{cls.__qualname__}.{name}"
    yield from (f"{cls.__qualname__}.{name}" for name in cls.SEQ_FIELDS)


def main(mdmf, parsers, files):
    sys.path.insert(0, parsers)
    container, *shares = (getattr(importlib.import_module(n), n.capitalize()) for n in ("container", "sdmf", "mdmf"))
    outcomes, seen, wrong = collections.Counter(), set(), []
    for path in sorted(p for p in pathlib.Path(files).rglob("*") if p.is_file()):
        data = path.read_bytes()
        inspection = json.loads(subprocess.run([mdmf, "inspect", "--json", "--secrets", path], check=True, capture_output=True).stdout)
        # A share is of the format that its first byte names; if it names none, any parser must give up.
        parser = container if path.suffix == ".container" else shares[data[:1] == b"\1"]
        intact = path.is_relative_to(pathlib.Path(files, "intact"))
        try:
            if intact and ("damage" in inspection or inspection["shnum"] < 0):
                raise Disagreement("inspect sees damage")
            outcome, names = compare(parser, data, inspection, intact)
            outcomes[outcome] += 1
            seen |= names
        except Disagreement as e:
            wrong.append(f"{path}: {e}")
    wrong += (f"no file has {name}" for cls in (container, *shares) for name in declared(cls) if name not in seen)
    for outcome, n in sorted(outcomes.items()):
        print(f"{n:5} {outcome}")
    for line in wrong[:20]:
        print(line)
    return f"{len(wrong)} disagreements" if wrong or not outcomes["agree"] else None


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
