#!/usr/bin/env python3
"""Times zfec's encoder and decoder on the blocks of one segment, with as many primary blocks lost as may be.

Usage: zfec.py K N [--seconds S]        Prints one line of JSON, with MB/s of plaintext.
"""
import argparse
import json
import os
import sys
import time

# This script has the name of the package.
sys.path = [p for p in sys.path if os.path.realpath(p) != os.path.dirname(os.path.realpath(__file__))]

import zfec

SEGMENT = 128 << 10


def speed(work, size, seconds):
    """Repeats work for so long and returns MB/s, of size bytes each."""
    work()
    count, start, took = 0, time.perf_counter(), 0
    while took < seconds:
        for _ in range(10):
            work()
        count += 10
        took = time.perf_counter() - start
    return count * size / took / 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("k", type=int)
    parser.add_argument("n", type=int)
    parser.add_argument("--seconds", type=float, default=1)
    args = parser.parse_args()
    k, n = args.k, args.n
    length = -(-SEGMENT // k)
    primary = tuple(os.urandom(length) for _ in range(k))
    encoder, decoder = zfec.Encoder(k, n), zfec.Decoder(k, n)
    blocks = encoder.encode(primary)
    lost = min(k, n - k)
    numbers = tuple(range(lost, lost + k))
    have = tuple(blocks[i] for i in numbers)
    if tuple(decoder.decode(have, numbers)) != primary:
        raise SystemExit("what was decoded is not what was encoded")
    print(json.dumps({
        "k": k, "n": n, "segment": k * length, "lost": lost,
        "encode": speed(lambda: encoder.encode(primary), k * length, args.seconds),
        "decode": speed(lambda: decoder.decode(have, numbers), k * length, args.seconds),
    }))


if __name__ == "__main__":
    main()
