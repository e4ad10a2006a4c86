#!/usr/bin/env python3
"""Times Tahoe-LAFS itself publishing and retrieving one mutable file, without any network.

Usage: tahoe.py SIZE [mdmf|sdmf] [--runs R] [--dir DIR]      (3-of-10, ten servers)

Shares and plaintext are kept in memory, so that the times are those of Tahoe-LAFS's own code. With --dir they are files
in DIR, read and written a piece at a time, so that the memory is that of Tahoe-LAFS's own code. Prints one line of JSON.
"""
import argparse
import json
import os
import resource
import sys
import time

# Beside this script is another, which has the name of a package that Tahoe-LAFS imports.
sys.path = [p for p in sys.path if os.path.realpath(p) != os.path.dirname(os.path.realpath(__file__))]

from twisted.internet import defer, task

from allmydata.interfaces import MDMF_VERSION, SDMF_VERSION
from allmydata.mutable.publish import MutableData, MutableFileHandle
from allmydata.test.mutable import util
from allmydata.util.consumer import MemoryConsumer


class MemoryShare(bytearray):
    def write(self, offset, data):
        if len(self) < offset + len(data):
            self.extend(bytes(offset + len(data) - len(self)))
        self[offset:offset + len(data)] = data


class FileShare:
    def __init__(self, path):
        self.fd = os.open(path, os.O_RDWR | os.O_CREAT)

    def write(self, offset, data):
        os.pwrite(self.fd, data, offset)

    def __getitem__(self, part):
        return os.pread(self.fd, part.stop - part.start, part.start)


class Storage(util.FakeStorage):
    """Does not copy a whole share for each write, as its parent does."""

    def __init__(self, directory):
        super().__init__()
        self.new = (lambda number: FileShare(os.path.join(directory, f"share{number}"))) if directory else lambda number: MemoryShare()

    def write(self, peerid, storage_index, shnum, offset, data):
        shares = self._peers.setdefault(peerid, {})
        if shnum not in shares:
            shares[shnum] = self.new(shnum)
        shares[shnum].write(offset, data)


class Server(util.FakeStorageServer):
    def slot_readv(self, storage_index, shnums, readv):
        d = super().slot_readv(storage_index, shnums, readv)
        d.addCallback(lambda found: {n: [bytes(v) for v in vs] for n, vs in found.items()})
        return d


class FileConsumer(MemoryConsumer):
    def __init__(self, f):
        super().__init__()
        self.f = f

    def write(self, data):
        self.f.write(data)


@defer.inlineCallbacks
def in_memory(node, data):
    t0 = time.perf_counter()
    yield node.overwrite(MutableData(data))
    t1 = time.perf_counter()
    got = yield node.download_best_version()
    t2 = time.perf_counter()
    if got != data:
        raise SystemExit("what was retrieved is not what was published")
    return t1 - t0, t2 - t1


@defer.inlineCallbacks
def in_files(node, directory, size):
    plain, out = (os.path.join(directory, name) for name in ("plain", "out"))
    with open(plain, "wb") as f:
        for at in range(0, size, 1 << 20):
            f.write(os.urandom(min(1 << 20, size - at)))
    t0 = time.perf_counter()
    with open(plain, "rb") as f:
        yield node.overwrite(MutableFileHandle(f))
    t1 = time.perf_counter()
    with open(out, "wb") as f:
        version = yield node.get_best_readable_version()
        yield version.read(FileConsumer(f))
    t2 = time.perf_counter()
    if os.path.getsize(out) != size:
        raise SystemExit("what was retrieved is not what was published")
    return t1 - t0, t2 - t1


@defer.inlineCallbacks
def bench(reactor, args):
    util.FakeStorageServer = Server
    maker = util.make_nodemaker(Storage(args.dir), num_peers=10)
    version = MDMF_VERSION if args.format == "mdmf" else SDMF_VERSION
    node = yield maker.create_mutable_file(MutableData(b"x"), version=version)
    data = None if args.dir else os.urandom(args.size)
    publish, retrieve = [], []
    for _ in range(args.runs):
        p, r = yield in_files(node, args.dir, args.size) if args.dir else in_memory(node, data)
        publish.append(p)
        retrieve.append(r)
    print(json.dumps({
        "format": args.format, "size": args.size, "k": node.get_required_shares(), "n": node.get_total_shares(),
        "publish_s": publish, "retrieve_s": retrieve,
        "maxrss_kib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
    }))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("size", type=int)
    parser.add_argument("format", nargs="?", default="mdmf", choices=["mdmf", "sdmf"])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--dir", help="keep shares and plaintext in files in this directory")
    task.react(bench, (parser.parse_args(),))
