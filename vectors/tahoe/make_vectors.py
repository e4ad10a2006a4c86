#!/usr/bin/env python3
"""Make a set of test vectors for mutable files with a real Tahoe-LAFS grid.

    make_vectors.py --grid DIR --out DIR --seed S [--plan standard|random]
                    [--only GROUP,GROUP…] [--keep-going]
    make_vectors.py --grid DIR --recheck DIR

Run it with the Python that has Tahoe-LAFS 1.20.0 installed.  The grid in
--grid (see grid.py) is brought up when it is not running (10 servers; the
plan wants at least 10) and is left running.

Files are created, overwritten, updated, read and checked through the web API
of an unmodified Tahoe-LAFS client, and what is stored in a set are the files
that the storage servers wrote.  Exceptions, each said so in the case's notes:
the `smallseg-*` cases, where the client process runs with a smaller maximum
segment size; the `lease-*` and `container-*` cases, where Tahoe's own share
file class is used on a stored share; and the damaged shares.

The seed determines keys, plaintexts, the sizes drawn at random and which
shares of large files are stored.  It cannot determine salts, signatures,
lease times, server keys and where shares go, so two runs with one seed give
the same caps and plaintexts but not the same bytes.
"""

import argparse
import base64
import concurrent.futures
import glob
import hashlib
import http.client
import json
import math
import multiprocessing
import os
import random
import re
import shutil
import struct
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import grid as gridmod                                               # noqa: E402

SEG = 131072
CONTAINER_HEADER = 468


# ------------------------------------------------------- deterministic inputs

def plaintext(label, size):
    """SHA-256(label || 8-byte big-endian counter), counter = 0, 1, …, cut to size."""
    head = label.encode("ascii")
    out = b"".join(hashlib.sha256(head + struct.pack(">Q", i)).digest()
                   for i in range((size + 31) // 32))
    return out[:size]


def _is_prime(n, rng):
    d, r = n - 1, 0
    while d % 2 == 0:
        d, r = d // 2, r + 1
    for _ in range(12):
        x = pow(rng.randrange(2, n - 1), d, n)
        if x in (1, n - 1):
            continue
        for _ in range(r - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True


_SMALL = math.prod(p for p in range(3, 2000) if all(p % q for q in range(2, int(p ** .5) + 1)))


def _prime(rng, bits):
    while True:
        c = rng.getrandbits(bits) | (3 << (bits - 2)) | 1
        if math.gcd(c, _SMALL) == 1 and math.gcd(c - 1, 65537) == 1 and _is_prime(c, rng):
            return c


def make_key(label):
    """PKCS#8 DER of the 2048-bit RSA key that belongs to a label."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    rng = random.Random("rsa key " + label)
    p, q = _prime(rng, 1024), _prime(rng, 1024)
    if p < q:
        p, q = q, p
    d = pow(65537, -1, (p - 1) * (q - 1) // math.gcd(p - 1, q - 1))
    numbers = rsa.RSAPrivateNumbers(
        p, q, d, rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q),
        rsa.RSAPublicNumbers(65537, p * q))
    return numbers.private_key().private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption())


# ------------------------------------------------------------- reading shares

def parse_share(data):
    """The header fields of a share (the container already taken off)."""
    if len(data) < 59:
        raise ValueError("share too short")
    v = data[0]
    if v == 0:
        f = struct.unpack(">BQ32s16sBBQQLLLLQQ", data[:107])
        names = ("signature", "share_hash_chain", "block_hash_tree", "share_data",
                 "enc_privkey", "EOF")
        out = dict(version=0, seqnum=f[1], root_hash=f[2], salt=f[3], k=f[4], n=f[5],
                   segsize=f[6], size=f[7], offsets=dict(zip(names, f[8:])), header=107)
    elif v == 1:
        f = struct.unpack(">BQ32sBBQQQQQQQQQQ", data[:123])
        names = ("enc_privkey", "share_hash_chain", "signature", "verification_key",
                 "verification_key_end", "share_data", "block_hash_tree", "EOF")
        out = dict(version=1, seqnum=f[1], root_hash=f[2], salt=None, k=f[3], n=f[4],
                   segsize=f[5], size=f[6], offsets=dict(zip(names, f[7:])), header=123)
    else:
        raise ValueError("unknown share version %d" % v)
    return out


def container_data(raw):
    (length,) = struct.unpack(">Q", raw[84:92])
    return raw[CONTAINER_HEADER:CONTAINER_HEADER + length]


def b32(raw):
    return base64.b32encode(raw).decode().lower().rstrip("=")


def sha(data):
    return hashlib.sha256(data).hexdigest()


# ---------------------------------------------------------------- the web API

def one_line(text, limit=240):
    """A message of Tahoe without tracebacks and file names."""
    text = " ".join(text.replace("\\n", " ").split())
    m = re.search(r"(.*?)\[Failure instance: Traceback: <class '([^']+)'>: (.*)", text)
    if m:
        text = m.group(1) + m.group(2) + ": " + m.group(3)
    return re.split(r" /\S+?\.py:\d+| Traceback", text)[0][:limit]


class Answer:
    cut = None                      # says so when the body is not complete

    def __init__(self, status, body):
        self.status, self.body = status, body

    @property
    def error(self):
        """One line of what Tahoe said."""
        if self.cut:
            return self.cut
        text = self.body.decode("utf-8", "replace")
        if "<html" in text[:200]:
            import html
            parts = re.findall(r"<span>([^<]*)</span>: <span>([^<]*)</span>", text)
            text = ("%s: %s" % parts[-1]) if parts else re.sub(r"<[^>]*>", " ", text)
            text = html.unescape(text)
        return one_line(text)


class Web:
    def __init__(self, grid):
        self.grid = grid

    def __call__(self, method, path, body=None, timeout=120, **query):
        url = self.grid.web + path
        if query:
            url += "?" + urllib.parse.urlencode(query)
        req = urllib.request.Request(url, data=body, method=method)
        try:
            with urllib.request.urlopen(req, timeout=timeout) as r:
                return Answer(r.status, r.read())
        except urllib.error.HTTPError as e:
            return Answer(e.code, e.read())
        except http.client.IncompleteRead as e:
            a = Answer(200, e.partial)
            a.cut = "the connection was closed after %d of %d bytes" % (
                len(e.partial), len(e.partial) + (e.expected or 0))
            return a
        except (TimeoutError, OSError, http.client.HTTPException) as e:
            return Answer(0, ("no answer: %s" % e).encode())

    def ok(self, *a, **kw):
        r = self(*a, **kw)
        if r.status not in (200, 201):
            raise gridmod.GridError("%s %s: %d %s" % (a[0], a[1][:60], r.status, r.error))
        return r.body


def cap_path(cap):
    return "/uri/" + urllib.parse.quote(cap, safe="")


class PatchedGrid(gridmod.Grid):
    """A grid whose client may run with another maximum segment size."""

    @property
    def segment(self):
        return self.state.get("segment")

    def _spawn(self, name):
        if name != "client" or not self.segment:
            return super()._spawn(name)
        real = self.tahoe
        script = self.path("tahoe-smallseg")
        with open(script, "w") as f:
            f.write("#!%s\nimport sys\nimport allmydata.mutable.publish as p\n"
                    "p.DEFAULT_MUTABLE_MAX_SEGMENT_SIZE = %d\n"
                    "from allmydata.scripts.runner import run\nsys.exit(run())\n"
                    % (sys.executable, self.segment))
        os.chmod(script, 0o755)
        self._tahoe = script
        try:
            super()._spawn(name)
        finally:
            self._tahoe = real

    def set_segment(self, size):
        if size != self.segment:
            self.state["segment"] = size
            self._save()
            self.stop(["client"])       # set_encoding, called next, starts it again


# --------------------------------------------------------------------- a file

class File:
    """A mutable file on the grid, and what should be in it."""

    def __init__(self, maker, name, fmt):
        self.m, self.name, self.fmt = maker, name, fmt
        self.ops, self.data, self.cap, self.key = [], b"", None, None

    def _label(self):
        return "%s/%s/%d" % (self.m.label_seed, self.name, len(self.ops) + 1)

    def create(self, size):
        label = self._label()
        self.key = self.m.key(self.name)
        self.m.purge(self.key)
        self.data = plaintext(label, size)
        self.ops.append({"op": "create", "label": label, "size": size})
        body = self.m.web.ok("PUT", "/uri", self.data, format=self.fmt, **{
            "private-key": base64.urlsafe_b64encode(self.key).decode()})
        self.cap = body.decode().strip()
        return self

    def overwrite(self, size):
        label = self._label()
        self.data = plaintext(label, size)
        self.ops.append({"op": "overwrite", "label": label, "size": size})
        self.m.web.ok("PUT", cap_path(self.cap), self.data)
        return self

    def update(self, offset, size):
        label = self._label()
        new = plaintext(label, size)
        self.m.web.ok("PUT", cap_path(self.cap), new, offset=offset)
        self.ops.append({"op": "update", "label": label, "offset": offset, "size": size})
        self.data = self.data[:offset] + new + self.data[offset + size:]
        return self

    def read(self, cap=None):
        return self.m.web("GET", cap_path(cap or self.cap))

    def check_content(self):
        r = self.read()
        return r.status == 200 and r.body == self.data


class Maker:
    def __init__(self, grid, out, seed, plan, stream=sys.stderr):
        self.grid, self.out, self.seed, self.plan = grid, out, seed, plan
        self.label_seed = seed
        self.rng = random.Random("plan " + seed)
        self.web = Web(grid)
        self.pool = concurrent.futures.ProcessPoolExecutor(
            1, mp_context=multiprocessing.get_context("fork"))
        self.keys = {}
        self.cases, self.odd, self.unreachable = [], [], []
        self.stream = stream
        from allmydata.util import hashutil, base32
        from allmydata import uri
        self.hashutil, self.base32, self.uri = hashutil, base32, uri
        self.refresh()
        with open(os.path.join(grid.path("client"), "private", "secret"), "rb") as f:
            self.lease_secret = base32.a2b(f.read().strip())

    def say(self, *w):
        print(*w, file=self.stream, flush=True)

    def refresh(self):
        self.servers = self.grid.status()["servers"]

    # -- keys are slow to make, so the names of cases to come are given early
    def want_keys(self, names):
        for n in names:
            if n not in self.keys:
                self.keys[n] = self.pool.submit(make_key, "%s/%s" % (self.seed, n))

    def key(self, name):
        self.want_keys([name])
        return self.keys[name].result()

    # -- where shares are
    def si_of(self, cap):
        u = self.uri.from_string(cap.encode())
        return self.base32.b2a(u.get_storage_index()).decode()

    def purge(self, key):
        """Remove what an earlier run left at the place of this key: Tahoe
        refuses (UncoordinatedWriteError) to create a file where shares are."""
        h = self.hashutil
        si = b32(h.ssk_storage_index_hash(h.ssk_readkey_hash(h.ssk_writekey_hash(key))))
        for s in self.servers:
            shutil.rmtree(self.bucket(s, si), ignore_errors=True)

    def bucket(self, server, si):
        return os.path.join(server["shares_dir"], si[:2], si)

    def locate(self, cap):
        si = self.si_of(cap)
        found = []
        for s in self.servers:
            d = self.bucket(s, si)
            if os.path.isdir(d):
                for f in os.listdir(d):
                    if f.isdigit():
                        found.append((int(f), s, os.path.join(d, f)))
        return sorted(found, key=lambda x: (x[0], x[1]["index"]))

    # -- secrets, as the client derives them
    def secrets(self, cap, tubid_hex, lease_secret=None):
        h = self.hashutil
        u = self.uri.from_string(cap.encode())
        if hasattr(u, "get_filenode_cap"):
            u = u.get_filenode_cap()
        peer = bytes.fromhex(tubid_hex)
        secret = self.lease_secret if lease_secret is None else lease_secret
        si = u.get_storage_index()
        renew = h.bucket_renewal_secret_hash(
            h.file_renewal_secret_hash(h.my_renewal_secret_hash(secret), si), peer)
        cancel = h.bucket_cancel_secret_hash(
            h.file_cancel_secret_hash(h.my_cancel_secret_hash(secret), si), peer)
        return (h.ssk_write_enabler_hash(u.writekey, peer), renew, cancel)

    def container_facts(self, path):
        from allmydata.storage.mutable import MutableShareFile
        with open(path, "rb") as f:
            raw = f.read()
        ms = MutableShareFile(path)
        (length, extra) = struct.unpack(">QQ", raw[84:100])
        leases = []
        with open(path, "rb") as f:
            for slot, le in ms._enumerate_leases(f):
                inner = getattr(le, "_lease_info", le)
                leases.append({"slot": slot, "owner": le.owner_num,
                               "expires": int(le.get_expiration_time()),
                               "nodeid": b32(le.nodeid),
                               "stored_renew": inner.renew_secret.hex(),
                               "stored_cancel": inner.cancel_secret.hex()})
            slots = ms._get_num_lease_slots(f)
        return {"version": ms._schema.version, "file_size": len(raw), "data_length": length,
                "extra_lease_offset": extra, "lease_slots": slots, "leases": leases}

    # -- writing a case
    def caps(self, cap):
        u = self.uri.from_string(cap.encode())
        return {"write_cap": cap, "read_cap": u.get_readonly().to_string().decode(),
                "verify_cap": u.get_verify_cap().to_string().decode(),
                "storage_index": self.base32.b2a(u.get_storage_index()).decode()}

    def check(self, cap, verify=True, timeout=60):
        r = self.web("POST", cap_path(cap), b"", t="check", output="json", timeout=timeout,
                     verify="true" if verify else "false")
        if r.status != 200:
            return {"http_status": r.status, "error": r.error}
        try:
            j = json.loads(r.body)
        except ValueError:
            return {"http_status": r.status, "error": r.error}
        res = j["results"]
        tub = {s["nodeid"]: s["tubid"] for s in self.servers}
        return {"http_status": 200, "summary": j.get("summary"),
                "healthy": res["healthy"], "recoverable": res.get("recoverable"),
                "good": res["count-shares-good"], "needed": res["count-shares-needed"],
                "expected": res["count-shares-expected"], "wrong": res["count-wrong-shares"],
                "recoverable_versions": res["count-recoverable-versions"],
                "unrecoverable_versions": res["count-unrecoverable-versions"],
                "corrupt": sorted([c[2], tub.get(c[0], c[0])] for c in res["list-corrupt-shares"])}

    def collect(self, f, notes="", keep="auto", extra=None, single_version=True,
                expect=None, plain_file=None, cap=None):
        """Have Tahoe read the file back, then copy its shares out."""
        cap = cap or f.cap
        caps = self.caps(cap)
        want = f.data if expect is None else expect
        got = [self.web("GET", cap_path(c)) for c in (caps["write_cap"], caps["read_cap"])]
        for g in got:
            if g.status != 200 or g.body != want:
                raise gridmod.GridError("%s: Tahoe returned %d, %d bytes, sha256 %s, wanted %d bytes %s: %s"
                                        % (f.name, g.status, len(g.body), sha(g.body), len(want),
                                           sha(want), g.error if g.status != 200 else ""))
        found = self.locate(cap)
        if not found:
            raise gridmod.GridError("%s: no shares found" % f.name)
        raws = {}
        for shnum, s, path in found:
            with open(path, "rb") as fh:
                raws[path] = fh.read()
        heads = [parse_share(container_data(raws[p])) for _, _, p in found]
        best = max(heads, key=lambda h: (h["seqnum"], h["root_hash"]))
        if single_version:
            if len({(h["seqnum"], h["root_hash"]) for h in heads}) != 1:
                raise gridmod.GridError("%s: more than one version on the grid" % f.name)
            if best["size"] != len(want) or (best["version"] == 1) != (f.fmt == "mdmf"):
                raise gridmod.GridError("%s: header does not fit" % f.name)
            if {n for n, _, _ in found} != set(range(best["n"])):
                raise gridmod.GridError("%s: some shares are missing" % f.name)
        chosen = list(found)
        total = sum(len(raws[p]) for _, _, p in found)
        if keep == "auto":
            keep = None if total <= 300 * 1024 else best["k"] + 2
        if keep and keep < len(found):
            chosen = sorted(self.rng.sample(found, keep), key=lambda x: (x[0], x[1]["index"]))
        folder = os.path.join(self.out, f.name)
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(os.path.join(folder, "shares"))
        shares = []
        for shnum, s, path in chosen:
            raw = raws[path]
            head = parse_share(container_data(raw))
            name = "shares/%d.%s" % (shnum, s["tubid"][:8])
            with open(os.path.join(folder, name), "wb") as fh:
                fh.write(raw)
            we, renew, cancel = self.secrets(cap, s["tubid_hex"])
            if raw[52:84] != we:
                raise gridmod.GridError("%s: write enabler does not fit" % f.name)
            facts = self.container_facts(path)
            mine = hashlib.blake2b(renew, digest_size=32).hexdigest()
            if facts["version"] == 2 and mine not in [x["stored_renew"] for x in facts["leases"]]:
                raise gridmod.GridError("%s: renew secret does not fit" % f.name)
            shares.append({
                "shnum": shnum, "server": s["tubid"], "file": name,
                "file_size": len(raw), "sha256": sha(raw),
                "share_length": facts["data_length"], "seqnum": head["seqnum"],
                "root_hash": head["root_hash"].hex(),
                "write_enabler": we.hex(), "renew_secret": renew.hex(),
                "cancel_secret": cancel.hex()})
        salt = best["salt"].hex() if best["salt"] else None
        case = {"case": f.name, "format": f.fmt, "k": best["k"], "n": best["n"],
                "size": len(want), "segsize": best["segsize"], "seqnum": best["seqnum"],
                "root_hash": best["root_hash"].hex(), "sdmf_salt": salt,
                "plaintext": {"sha256": sha(want)}}
        if plain_file is not None:
            with open(os.path.join(folder, "plaintext.bin"), "wb") as fh:
                fh.write(want)
            case["plaintext"]["file"] = "plaintext.bin"
        elif len(f.ops) == 1:
            case["plaintext"].update(label=f.ops[0]["label"], size=f.ops[0]["size"])
        if f.ops:
            case["plaintext"]["history"] = f.ops
        case.update(caps)
        case["private_key_pkcs8_der"] = base64.b64encode(f.key).decode() if f.key else None
        case["shares_on_grid"] = len(found)
        case["all_shares_stored"] = len(chosen) == len(found)
        case["shares"] = shares
        case["tahoe_check"] = self.check(cap)
        if extra:
            case.update(extra)
        case["notes"] = notes
        with open(os.path.join(folder, "case.json"), "w", encoding="utf-8") as fh:
            json.dump(case, fh, indent=1)
            fh.write("\n")
        self.cases.append({"case": f.name, "format": f.fmt, "k": best["k"], "n": best["n"],
                           "size": len(want), "seqnum": best["seqnum"],
                           "segments": -(-len(want) // best["segsize"]) if best["segsize"] else 0,
                           "shares": len(shares), "bytes": sum(x["file_size"] for x in shares)})
        self.say("  %-34s %s %d-of-%d size %d seq %d: %d of %d shares" % (
            f.name, f.fmt, best["k"], best["n"], len(want), best["seqnum"], len(chosen), len(found)))
        return case

    def file(self, name, fmt):
        return File(self, name, fmt)

    def encoding(self, k, n, segment=None):
        self.grid.set_segment(segment)
        self.grid.set_encoding(k, n)

    def write_json(self, name, obj):
        with open(os.path.join(self.out, name), "w", encoding="utf-8") as fh:
            json.dump(obj, fh, indent=1)
            fh.write("\n")


# ------------------------------------------------------------------ the plans

def next_multiple(n, k):
    return -(-n // k) * k


class Plan:
    """What to make.  `standard` has fixed parameters (the seed only changes
    keys, contents and a few drawn sizes); `random` draws (k,n) and sizes."""

    def __init__(self, kind, rng):
        self.kind, self.rng = kind, rng
        self.wanted = []
        r = rng
        if kind == "standard":
            self.sweep = (3, 5)
            seg = next_multiple(SEG, 3)
            self.sweep_sizes = {
                "sdmf": [0, 1, 2, 3, 4, 16, 17, 1000, SEG - 1, SEG, SEG + 1, 3 * SEG, 3 * SEG + 1],
                "mdmf": [0, 1, 2, 3, 4, 16, 17, 1000, SEG - 1, SEG, SEG + 1, SEG + 2,
                         3 * SEG, 3 * SEG + 1, 3 * seg, 3 * seg + 1]}
            self.large = ((3, 10), (1 << 20) + 17)
            self.kn = [(1, 1), (1, 3), (2, 3), (3, 10), (7, 10), (16, 31), (25, 100), (3, 255)]
            self.kn_multi = {(1, 1): 2 * SEG, (2, 3): 2 * SEG + 1, (7, 10): SEG + 5,
                             (16, 31): SEG, (25, 100): 150000}
            self.update_kn = (2, 3)
            self.damage_kn = (7, 9)
        else:
            self.sweep = r.choice([(3, 4), (4, 6), (5, 6), (3, 7)])
            k = self.sweep[0]
            seg = next_multiple(SEG, k)
            near = sorted({0, 1, k - 1, k, k + 1, r.randrange(5, 60), r.randrange(60, 5000),
                           r.randrange(5000, 60000), SEG - r.randrange(1, 5), SEG,
                           SEG + r.randrange(1, 9)})
            self.sweep_sizes = {
                "sdmf": near + [2 * SEG + r.randrange(1, 40000)],
                "mdmf": sorted(set(near) | {seg, seg + 1, 2 * seg, 2 * seg + r.randrange(1, 900),
                                            4 * seg - r.randrange(1, 90)})}
            self.large = (r.choice([(4, 9), (2, 7), (5, 12)]), (1 << 20) - r.randrange(1, 200000))
            self.kn = [(1, 2), (1, 7)] + r.sample([(2, 4), (2, 5), (4, 4), (5, 8), (6, 6), (3, 9)], 3)
            self.kn += [(r.randrange(8, 15), r.randrange(15, 24)),
                        (r.randrange(20, 40), r.randrange(50, 90)), (r.randrange(2, 6), r.randrange(129, 256))]
            self.kn_multi = {self.kn[0]: SEG + r.randrange(1, 70000),
                             self.kn[3]: 2 * SEG + r.randrange(1, 70000),
                             self.kn[5]: 2 * SEG - r.randrange(1, 70000),
                             self.kn[6]: SEG + r.randrange(1, 70000)}
            self.update_kn = r.choice([(3, 4), (4, 5)])
            self.damage_kn = r.choice([(6, 8), (8, 10)])

    def jitter(self, low, high):
        return self.rng.randrange(low, high + 1)


def group_sweep(m, p):
    k, n = p.sweep
    m.want_keys("sweep-%s-%d" % (f, s) for f in ("sdmf", "mdmf") for s in p.sweep_sizes[f])
    m.encoding(k, n)
    for fmt in ("sdmf", "mdmf"):
        for size in p.sweep_sizes[fmt]:
            f = m.file("sweep-%s-%d" % (fmt, size), fmt).create(size)
            m.collect(f, "first version, %d-of-%d" % (k, n),
                      keep="auto" if size < 100000 else (k + 1 if size > 2 * SEG else k + 2))
    (k, n), size = p.large
    m.encoding(k, n)
    for fmt in ("sdmf", "mdmf"):
        f = m.file("large-%s" % fmt, fmt).create(size)
        m.collect(f, "about 1 MiB", keep=k + 1)


def kn_sizes(p, k, n):
    small = [k - 1, k, k + 1, 1000 + p.jitter(0, 500)] if n < 50 else [k + 1, 500 + p.jitter(0, 500)]
    return sorted({s for s in small if s > 0})


def group_kn(m, p):
    todo = [(k, n, kn_sizes(p, k, n)) for k, n in p.kn]
    m.want_keys("kn-%s-%dof%d-%d" % (fmt, k, n, s) for k, n, sizes in todo
                for fmt in ("sdmf", "mdmf")
                for s in sizes + ([p.kn_multi[k, n]] if (k, n) in p.kn_multi else []))
    for k, n, sizes in todo:
        m.encoding(k, n)
        for fmt in ("sdmf", "mdmf"):
            for size in sizes + ([p.kn_multi[k, n]] if (k, n) in p.kn_multi else []):
                f = m.file("kn-%s-%dof%d-%d" % (fmt, k, n, size), fmt).create(size)
                keep = "auto"
                if n > 100 or (n >= 50 and size > k + 1 and size < 60000):
                    keep = k + 6
                elif size > 60000:
                    keep = min(n, k + 2)
                m.collect(f, "%d-of-%d" % (k, n), keep=keep)


def group_overwrite(m, p):
    k, n = p.sweep
    m.encoding(k, n)
    big, mid = SEG + p.jitter(100, 9000), 3000 + p.jitter(0, 900)
    plans = {
        "overwrite-same": [mid, mid, mid],
        "overwrite-grow": [40 + p.jitter(0, 9), mid, 2 * mid],
        "overwrite-shrink": [2 * mid, mid, 30 + p.jitter(0, 9)],
        "overwrite-empty": [mid, 0],
        "overwrite-from-empty": [0, mid],
        "overwrite-fewer-segments": [big, mid],
    }
    m.want_keys("%s-%s" % (name, fmt) for name in plans for fmt in ("sdmf", "mdmf"))
    for fmt in ("sdmf", "mdmf"):
        for name, sizes in plans.items():
            f = m.file("%s-%s" % (name, fmt), fmt).create(sizes[0])
            for s in sizes[1:]:
                f.overwrite(s)
            m.collect(f, "written %d times; sizes %s. A container never shrinks: where the share "
                         "got shorter, old bytes lie behind its data length (and, for MDMF, within "
                         "the data length, behind the EOF offset)" % (len(sizes), sizes))
        name = "overwrite-many-%s" % fmt
        f = m.file(name, fmt).create(100)
        for _ in range(14):
            f.overwrite(p.jitter(0, 900))
        m.collect(f, "15 versions of random sizes")
    # the encoding parameters change between versions
    changes = [((2, 3), (3, 5)), ((3, 5), (2, 5)), ((1, 2), (2, 6))] if p.kind == "standard" else \
        [((1, 3), (3, 4)), ((4, 6), (3, 6))]
    for (k1, n1), (k2, n2) in changes:
        m.encoding(k1, n1)
        fs = []
        for fmt in ("sdmf", "mdmf"):
            fs.append(m.file("rekn-%s-%dof%d-to-%dof%d" % (fmt, k1, n1, k2, n2), fmt)
                      .create(900 + p.jitter(0, 99)))
        m.encoding(k2, n2)
        for f in fs:
            f.overwrite(1200 + p.jitter(0, 99))
            m.collect(f, "version 1 was %d-of-%d, version 2 was written by a client configured "
                         "for %d-of-%d" % (k1, n1, k2, n2))


    # a client that is configured for fewer shares than the file has cannot overwrite it
    (k1, n1), (k2, n2) = ((3, 5), (2, 4)) if p.kind == "standard" else ((2, 6), (2, 4))
    m.encoding(k1, n1)
    fs = [m.file("rekn-fewer-%s" % fmt, fmt).create(900 + p.jitter(0, 99)) for fmt in ("sdmf", "mdmf")]
    m.encoding(k2, n2)
    for f in fs:
        old = f.data
        try:
            f.overwrite(1200 + p.jitter(0, 99))
            answer = "it worked"
        except gridmod.GridError as e:
            answer = str(e).split(": ", 1)[-1]
        r = f.read()
        f.data = old if r.body == old else f.data
        vs = versions_of(m, f.cap, f.ops)
        m.odd.append({"what": "overwrite of a %d-of-%d %s file by a client configured for %d-of-%d"
                              % (k1, n1, f.fmt, k2, n2), "answer": answer, "read_status": r.status,
                      "old_content_still_read": r.body == old,
                      "versions_on_grid": [{x: v[x] for x in ("seqnum", "distinct_shares", "recoverable")} for v in vs]})
        if len(vs) > 1:
            # how many servers got the new version, and so which one Tahoe returns, is a matter of luck
            m.collect(f, "Tahoe failed to overwrite this %d-of-%d file when its client was configured for "
                         "%d-of-%d, and left shares of the new version on some servers. Then it returned "
                         "version %d." % (k1, n1, k2, n2, 1 if f.data == old else 2), keep=None,
                      single_version=False, extra={"versions": vs})


def group_update(m, p):
    k, n = p.update_kn
    m.encoding(k, n)
    seg = next_multiple(SEG, k)
    j = p.jitter
    plans = {
        # name: (first size, [(offset, length), …])
        "inside": (seg + 4000 + j(0, 99), [(j(10, 500), 700 + j(0, 99))]),
        "inside-tail": (seg + 4000 + j(0, 99), [(seg + j(10, 500), 700 + j(0, 99))]),
        "across": (seg + 4000 + j(0, 99), [(seg - j(1, 300), 900 + j(0, 99))]),
        "whole-first-segment": (seg + 900 + j(0, 99), [(0, seg)]),
        "to-end-of-segment": (seg + 900 + j(0, 99), [(seg - 100 - j(0, 9), 100)]),
        "one-byte-each-end": (seg + 900 + j(0, 99), [(0, 1), (seg - 1, 1), (seg, 1), (seg + 899, 1)]),
        "append-in-tail": (seg + 500 + j(0, 99), None),
        "append-at-boundary": (seg, None),
        "append-grow-tail-full": (seg + 500 + j(0, 99), None),
        "append-2-to-3-segments": (2 * seg - 50 - j(0, 99), None),
        "append-1-to-2-segments": (seg - 50 - j(0, 99), None),
        "overlap-end": (seg + 500 + j(0, 99), None),
    }
    m.want_keys("update-mdmf-" + x for x in plans)
    for name, (size, ups) in plans.items():
        if name == "append-in-tail":
            ups = [(size, 300 + j(0, 99))]
        elif name == "append-at-boundary":
            ups = [(size, 300 + j(0, 99))]
        elif name == "append-grow-tail-full":
            ups = [(size, 2 * seg - size)]
        elif name in ("append-2-to-3-segments", "append-1-to-2-segments"):
            ups = [(size, 400 + j(0, 99))]
        elif name == "overlap-end":
            ups = [(size - 40, 200 + j(0, 99))]
        f = m.file("update-mdmf-" + name, "mdmf").create(size)
        try_updates(m, f, ups, seg, keep=k + 1)
    f = m.file("update-mdmf-many", "mdmf").create(seg + 900 + j(0, 99))
    ups = []
    size = len(f.data)
    for _ in range(20):
        off = j(0, size)
        ln = j(1, 6000)
        ups.append((off, ln))
        size = max(size, off + ln)
    try_updates(m, f, ups, seg, keep=k + 1)
    f = m.file("update-sdmf", "sdmf").create(1000 + j(0, 99))
    try_updates(m, f, [(100, 50), (990, 300), (0, 1)], seg, keep=None)
    # beyond the end
    f = m.file("update-beyond-end", "mdmf").create(500)
    r = m.web("PUT", cap_path(f.cap), b"x" * 10, offset=600)
    m.odd.append({"what": "MDMF update at an offset beyond the end of the file "
                          "(size 500, offset 600, 10 bytes)",
                  "http_status": r.status, "answer": r.error,
                  "content_unchanged": f.check_content()})


def try_updates(m, f, ups, seg, keep, why=None):
    """Apply updates; a difference between what Tahoe then returns and what an
    overwrite at the offset means is a finding, and the case is left out."""
    for i, (off, ln) in enumerate(ups):
        try:
            f.update(off, ln)
        except gridmod.GridError as e:
            m.odd.append({"what": "update of %s failed" % f.name, "step": i,
                          "before_size": len(f.data), "offset": off, "length": ln, "segment": seg,
                          "answer": str(e).split(": ", 1)[-1][-300:],
                          "content_unchanged": f.check_content()})
            m.say("  %s: step %d failed: %s" % (f.name, i, str(e)[-200:]))
            return None
        r = f.read()
        if r.status != 200 or r.body != f.data:
            where = next((x for x in range(min(len(r.body), len(f.data)))
                          if r.body[x] != f.data[x]), None)
            m.odd.append({"what": "update of %s gave other bytes" % f.name, "step": i,
                          "offset": off, "length": ln, "segment": seg, "http_status": r.status,
                          "expected_size": len(f.data), "got_size": len(r.body),
                          "first_difference": where, "history": list(f.ops)})
            m.say("  %s: step %d gave other bytes (status %d)" % (f.name, i, r.status))
            return None
    return m.collect(f, "after %d update%s at an offset%s; MDMF files are updated in place, SDMF "
                        "files are read and written as a whole"
                     % (len(ups), "s" if len(ups) > 1 else "", " (%s)" % why if why else ""),
                     keep=keep)


def group_smallseg(m, p):
    """A client with a small maximum segment size: deep block hash trees in
    small files.  Readers must take the segment size from the header."""
    k, n, segmax = (3, 5, 64) if p.kind == "standard" else (2, 4, 50 + p.jitter(0, 60))
    seg = next_multiple(segmax, k)
    counts = [1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 33] if p.kind == "standard" else \
        sorted({2, 3, 6, 8, p.jitter(9, 15), 16, p.jitter(17, 31), p.jitter(33, 70)})
    sizes = []
    for c in counts:
        sizes += [c * seg, c * seg - p.jitter(1, seg - 1)]
    m.want_keys("smallseg-mdmf-%d" % s for s in sizes)
    m.encoding(k, n, segment=segmax)
    note = ("made by a Tahoe client whose maximum segment size was set to %d (the constant "
            "DEFAULT_MUTABLE_MAX_SEGMENT_SIZE), otherwise unmodified" % segmax)
    for s in sizes:
        f = m.file("smallseg-mdmf-%d" % s, "mdmf").create(s)
        m.collect(f, note)
    # updates: the number of segments crosses powers of two
    for name, start, ups in [
            ("grow-by-one", seg * 2 - 5, None),
            ("grow-jump", seg * 3 - 5, [(seg * 3 - 5, seg * 6)]),
            ("many", seg * 3, None)]:
        f = m.file("smallseg-update-" + name, "mdmf").create(start)
        size = start
        if name == "grow-by-one":
            ups = []
            for _ in range(16):
                ups.append((size, seg))
                size += seg
        elif name == "many":
            ups = []
            for _ in range(40):
                off, ln = p.jitter(0, size), p.jitter(1, 3 * seg)
                ups.append((off, ln))
                size = max(size, off + ln)
        c = try_updates(m, f, ups, seg, keep=None)
        if c is None:
            m.say("  (%s left out)" % f.name)
    # single updates, each from a fresh file, tell which shapes go wrong
    shapes = [("append that ends inside the old last segment", 3 * seg - 30, 3 * seg - 30, 10),
              ("append that fills the last segment", 3 * seg - 30, 3 * seg - 30, 30),
              ("append from the middle of the last segment into the next", 3 * seg - 30, 3 * seg - 30, 50),
              ("append at a segment boundary", 3 * seg, 3 * seg, 20),
              ("append one whole segment at a boundary", 3 * seg, 3 * seg, seg),
              ("append, 4 to 5 segments", 4 * seg, 4 * seg, 20),
              ("overwrite across the old end", 3 * seg - 30, 3 * seg - 40, 60),
              ("overwrite up to exactly the old end", 3 * seg - 30, 3 * seg - 40, 10),
              ("overwrite from inside one segment to inside the last one", 5 * seg - 30, seg + 7, 3 * seg + 10),
              ("overwrite across one boundary", 5 * seg - 30, seg - 7, 20),
              ("overwrite up to a boundary", 5 * seg - 30, seg - 7, 7),
              ("overwrite from a boundary", 5 * seg - 30, seg, 7),
              ("overwrite one byte", 5 * seg - 30, 2 * seg + 3, 1),
              ("overwrite everything and append", 3 * seg - 30, 0, 4 * seg)]
    for i, (what, size, off, ln) in enumerate(shapes):
        f = m.file("smallseg-shape-%02d" % i, "mdmf").create(size)
        if try_updates(m, f, [(off, ln)], seg, keep=None, why=what) is None:
            m.odd[-1]["shape"] = what


def group_dirs(m, p):
    k, n = (2, 3) if p.kind == "standard" else (2, 5)
    m.encoding(k, n)
    for fmt in ("sdmf", "mdmf"):
        name = "dir-" + fmt
        key = m.key(name)
        for x in ("", "sdmf", "mdmf", "sub"):
            m.purge(m.key(name + x))
        f = m.file(name, fmt)
        f.key = key
        f.cap = m.web.ok("POST", "/uri", b"", t="mkdir", format=fmt, **{
            "private-key": base64.urlsafe_b64encode(key).decode()}).decode().strip()
        empty = m.web.ok("GET", cap_path(f.cap), t="json")
        lit = m.web.ok("PUT", "/uri", plaintext(m.label_seed + "/lit", 20 + p.jitter(0, 9))).decode()
        chk = m.web.ok("PUT", "/uri", plaintext(m.label_seed + "/chk" + fmt, 900 + p.jitter(0, 99))).decode()
        kids = {"literal.txt": ["filenode", {"ro_uri": lit, "metadata": {"ctime": 1700000000}}],
                "immutable.bin": ["filenode", {"ro_uri": chk}]}
        for kind in ("sdmf", "mdmf"):
            c = m.web.ok("PUT", "/uri", b"child", format=kind, **{
                "private-key": base64.urlsafe_b64encode(m.key(name + kind)).decode()}).decode()
            u = m.uri.from_string(c.encode())
            kids["rw-%s" % kind] = ["filenode", {"rw_uri": c, "ro_uri": u.get_readonly().to_string().decode(),
                                                 "metadata": {"note": "with a write cap"}}]
            kids["ro-%s" % kind] = ["filenode", {"ro_uri": u.get_readonly().to_string().decode()}]
        sub = m.web.ok("POST", "/uri", b"", t="mkdir", format=fmt, **{
            "private-key": base64.urlsafe_b64encode(m.key(name + "sub")).decode()}).decode().strip()
        u = m.uri.from_string(sub.encode())
        kids["unter-verzeichnis \u00fc \u20ac"] = ["dirnode", {
            "rw_uri": sub, "ro_uri": u.get_readonly().to_string().decode()}]
        kids["future"] = ["unknown", {"rw_uri": "x-tahoe-future-test-writeable:abc",
                                      "ro_uri": "ro.x-tahoe-future-test-readable:abc"}]
        r = m.web("POST", cap_path(f.cap), json.dumps(kids).encode(), t="set_children")
        if r.status != 200:
            kids.pop("future")
            m.odd.append({"what": "set_children with an unknown cap", "http_status": r.status,
                          "answer": r.error})
            m.web.ok("POST", cap_path(f.cap), json.dumps(kids).encode(), t="set_children")
        listing = json.loads(m.web.ok("GET", cap_path(f.cap), t="json"))
        du = m.uri.from_string(f.cap.encode())
        filecap = du.get_filenode_cap().to_string().decode()
        body = m.web.ok("GET", cap_path(filecap))
        ro = json.loads(m.web.ok("GET", cap_path(du.get_readonly().to_string().decode()), t="json"))
        m.collect(f, "a mutable directory; plaintext.bin is the packed list of children as the "
                     "file below the directory holds it. The caps in write_cap, read_cap and "
                     "verify_cap are those of that file, directory_caps has those of the directory",
                  expect=body, plain_file=True, cap=filecap, extra={
                      "directory_caps": {
                          "write": f.cap, "read": du.get_readonly().to_string().decode(),
                          "verify": du.get_verify_cap().to_string().decode()},
                      "children": listing[1]["children"],
                      "children_seen_with_read_cap": ro[1]["children"],
                      "children_when_new": json.loads(empty)[1]["children"]})


def stop_servers(m, tubids):
    for s in m.servers:
        if s["tubid"] in tubids:
            m.grid.server_stop(s["index"])
    m.grid.wait_connected()


def start_servers(m, tubids):
    for s in m.servers:
        if s["tubid"] in tubids:
            m.grid.server_start(s["index"], wait=False)
    if m.grid.state["protocol"] != "http":
        m.grid.restart_client()         # quicker than foolscap's own reconnecting
    m.grid.wait_connected()
    m.refresh()


def versions_of(m, cap, contents):
    out = {}
    for shnum, s, path in m.locate(cap):
        with open(path, "rb") as fh:
            h = parse_share(container_data(fh.read()))
        key = (h["seqnum"], h["root_hash"].hex())
        v = out.setdefault(key, {"seqnum": key[0], "root_hash": key[1], "k": h["k"], "n": h["n"],
                                 "size": h["size"], "shares": []})
        v["shares"].append([shnum, s["tubid"]])
    for v in out.values():
        v["distinct_shares"] = len({x[0] for x in v["shares"]})
        v["recoverable"] = v["distinct_shares"] >= v["k"]
        v["plaintext"] = [{"label": o["label"], "size": o["size"], "sha256": sha(plaintext(o["label"], o["size"]))}
                          for o in contents if o["size"] == v["size"]]
    return [out[x] for x in sorted(out)]


def group_versions(m, p):
    k, n = (2, 5) if p.kind == "standard" else (3, 6)
    m.encoding(k, n)
    for fmt in ("sdmf", "mdmf"):
        # 1. two versions, both recoverable
        f = m.file("versions-two-recoverable-" + fmt, fmt).create(700 + p.jitter(0, 99))
        held = [(x[0], x[1]["tubid"]) for x in m.locate(f.cap)]
        off = {t for _, t in held[:k]}
        stop_servers(m, off)
        f.overwrite(1500 + p.jitter(0, 99))
        start_servers(m, off)
        m.collect(f, "version 2 was written while the servers of %d shares were stopped; they still "
                     "hold version 1. Tahoe returned version 2." % len(off), keep=None,
                  single_version=False,
                  extra={"versions": versions_of(m, f.cap, f.ops), "servers_stopped": sorted(off)})
        # 2. newer version not recoverable, older one is
        f = m.file("versions-newer-lost-" + fmt, fmt).create(800 + p.jitter(0, 99))
        v1 = f.data
        held = [(x[0], x[1]["tubid"]) for x in m.locate(f.cap)]
        off = {t for _, t in held[:n - k]}
        stop_servers(m, off)
        f.overwrite(1600 + p.jitter(0, 99))
        keep_new = set(held[n - k:n - 1])            # k - 1 shares of version 2
        for shnum, s, path in m.locate(f.cap):
            if s["tubid"] not in off and (shnum, s["tubid"]) not in keep_new:
                os.unlink(path)
        start_servers(m, off)
        m.collect(f, "version 2 was written while most servers were stopped, and the shares placed "
                     "elsewhere then (and one more) were lost: version 2 has fewer than k shares, version 1 "
                     "has enough. Tahoe returned version 1 (a read is not an error).", keep=None,
                  single_version=False, expect=v1,
                  extra={"versions": versions_of(m, f.cap, f.ops), "servers_stopped": sorted(off)})
        # 3. the same sequence number twice
        f = m.file("versions-same-seqnum-" + fmt, fmt).create(600 + p.jitter(0, 99))
        held = [(x[0], x[1]["tubid"]) for x in m.locate(f.cap)]
        half = {t for _, t in held[:k]}
        stop_servers(m, half)
        f.overwrite(1100 + p.jitter(0, 99))
        a = f.data
        where_a = {x[1]["tubid"] for x in m.locate(f.cap)
                   if parse_share(container_data(open(x[2], "rb").read()))["seqnum"] == 2}
        start_servers(m, half)
        stop_servers(m, where_a)
        f.overwrite(1300 + p.jitter(0, 99))
        b = f.data
        start_servers(m, where_a)
        got = f.read()
        which = "A" if got.body == a else "B" if got.body == b else "neither"
        vs = versions_of(m, f.cap, f.ops)
        top = max(vs, key=lambda v: (v["seqnum"], v["root_hash"]))
        m.collect(f, "two different versions with sequence number 2, written by clients that could "
                     "not see each other's servers. Tahoe returned version %s (size %d); the "
                     "version with the greater root hash has size %d" % (which, len(got.body), top["size"]),
                  keep=None, single_version=False, expect=got.body,
                  extra={"versions": vs})


def other_lease(m, f, s, i):
    from allmydata.storage.lease import LeaseInfo
    secret = plaintext("%s/lease secret %d" % (m.label_seed, i), 32)
    _, renew, cancel = m.secrets(f.cap, s["tubid_hex"], secret)
    when = 1800000000 + 86400 * i
    info = LeaseInfo(1, renew, cancel, when, bytes.fromhex(s["tubid_hex"]))
    return info, {"client": i, "lease_secret": secret.hex(), "renew_secret": renew.hex(),
                  "cancel_secret": cancel.hex(), "expires": when}


def lease_extra(m, f, made):
    out = {"containers": {}, "other_leases": made}
    for shnum, s, path in m.locate(f.cap):
        out["containers"]["%d.%s" % (shnum, s["tubid"][:8])] = m.container_facts(path)
    return out


def group_leases(m, p):
    from allmydata.storage.mutable import MutableShareFile
    k, n = (1, 3) if p.kind == "standard" else (2, 4)
    m.encoding(k, n)

    def add(f, count, first=1):
        made = []
        for shnum, s, path in m.locate(f.cap):
            for i in range(first, first + count):
                info, facts = other_lease(m, f, s, i)
                MutableShareFile(path).add_or_renew_lease(1 << 30, info)
                made.append(dict(facts, shnum=shnum, server=s["tubid"]))
        return made

    how = ("leases of other clients were added with Tahoe's MutableShareFile class; the lease "
           "of the client that wrote the file is in slot 0. ")
    for fmt in ("sdmf", "mdmf"):
        f = m.file("lease-four-" + fmt, fmt).create(400 + p.jitter(0, 99))
        made = add(f, 3)
        m.collect(f, how + "All four header slots are full, no extra lease", extra=lease_extra(m, f, made))
        f = m.file("lease-extra-" + fmt, fmt).create(400 + p.jitter(0, 99))
        made = add(f, 6)
        m.collect(f, how + "Seven leases: four in the header, three behind the data",
                  extra=lease_extra(m, f, made))
        f = m.file("lease-extra-moved-" + fmt, fmt).create(400 + p.jitter(0, 99))
        made = add(f, 6)
        f.overwrite(900 + p.jitter(0, 99))
        m.collect(f, how + "Then the file grew through the web API, so the server moved the extra "
                           "leases", extra=lease_extra(m, f, made))
        f = m.file("lease-extra-shrunk-" + fmt, fmt).create(900 + p.jitter(0, 99))
        made = add(f, 5)
        f.overwrite(100 + p.jitter(0, 99))
        m.collect(f, how + "Then the file shrank: the extra leases stay where they were, so there "
                           "is a gap between the data and them", extra=lease_extra(m, f, made))
        f = m.file("lease-cancelled-" + fmt, fmt).create(400 + p.jitter(0, 99))
        made = add(f, 5)
        for shnum, s, path in m.locate(f.cap):
            for i in (2, 5):
                info, _ = other_lease(m, f, s, i)
                MutableShareFile(path).cancel_lease(info.cancel_secret)
        m.collect(f, how + "Then those of clients 2 and 5 were cancelled: blank slots in the header "
                           "and in the extra area (its count stays)", extra=lease_extra(m, f, made))
    group_container_v1(m, p)


def group_container_v1(m, p):
    """Container version 1 (lease secrets in the clear), as servers before
    Tahoe-LAFS 1.17 wrote."""
    from allmydata.storage.mutable import MutableShareFile
    from allmydata.storage.mutable_schema import ALL_SCHEMAS
    from allmydata.storage.lease import LeaseInfo
    v1 = [s for s in ALL_SCHEMAS if s.version == 1][0]
    for fmt in ("sdmf", "mdmf"):
        f = m.file("container-v1-" + fmt, fmt).create(500 + p.jitter(0, 99))
        for shnum, s, path in m.locate(f.cap):
            with open(path, "rb") as fh:
                raw = fh.read()
            os.unlink(path)
            we, renew, cancel = m.secrets(f.cap, s["tubid_hex"])
            nodeid = bytes.fromhex(s["tubid_hex"])
            ms = MutableShareFile(path, schema=v1)
            ms.create(nodeid, we)
            ms.writev([(0, container_data(raw))], None)
            ms.add_or_renew_lease(1 << 30, LeaseInfo(1, renew, cancel, 1800000000, nodeid))
        m.collect(f, "the share was put into a version 1 container with Tahoe's MutableShareFile "
                     "class: lease secrets are stored in the clear", extra=lease_extra(m, f, []))
        f.name = "container-v1-overwritten-" + fmt
        f.overwrite(700 + p.jitter(0, 99))
        m.collect(f, "the same after an overwrite through the web API: the server keeps version 1",
                  extra=lease_extra(m, f, []))


# -------------------------------------------------------------- damaged shares

def damages(head, data, rng, other):
    """(name, section, function that gives the new share data)"""
    o, fmt = head["offsets"], "mdmf" if head["version"] == 1 else "sdmf"
    out = []

    def flip(name, section, pos, mask=None):
        mask = mask or 1 << rng.randrange(8)

        def go(d):
            d = bytearray(d)
            d[pos] ^= mask
            return bytes(d)
        out.append((name, section, go, {"offset": pos, "xor": "%02x" % mask}))

    def put(name, section, pos, new):
        def go(d):
            return d[:pos] + new + d[pos + len(new):]
        out.append((name, section, go, {"offset": pos, "bytes": new.hex()}))

    def cut(name, length):
        out.append((name, "truncated", lambda d: d[:length], {"truncate_to": length}))

    def mid(a, b):
        return rng.randrange(a, max(a + 1, b))

    put("version-unknown", "header", 0, b"\x02")
    put("version-swapped", "header", 0, bytes([1 - head["version"]]))
    flip("seqnum-low-bit", "header", 8, 1)
    flip("seqnum-high-bit", "header", 1, 0x40)
    flip("root-hash", "header", mid(9, 41))
    kpos = 57 if fmt == "sdmf" else 41
    if fmt == "sdmf":
        flip("salt", "salt", mid(41, 57))
    put("k-plus-1", "header", kpos, bytes([head["k"] + 1]))
    put("k-zero", "header", kpos, b"\x00")
    put("n-plus-1", "header", kpos + 1, bytes([head["n"] + 1]))
    put("n-zero", "header", kpos + 1, b"\x00")
    put("segsize-plus-k", "header", kpos + 2, struct.pack(">Q", head["segsize"] + head["k"]))
    put("segsize-zero", "header", kpos + 2, struct.pack(">Q", 0))
    put("datalen-plus-1", "header", kpos + 10, struct.pack(">Q", head["size"] + 1))
    put("datalen-huge", "header", kpos + 10, struct.pack(">Q", 1 << 62))
    pos = kpos + 18
    names = list(o)
    for i, name in enumerate(names):
        width = 8 if fmt == "mdmf" or i >= 4 else 4
        packer = ">Q" if width == 8 else ">L"
        here = pos
        pos += width
        put("offset-%s-plus-1" % name, "offsets", here, struct.pack(packer, o[name] + 1))
        put("offset-%s-zero" % name, "offsets", here, struct.pack(packer, 0))
        put("offset-%s-huge" % name, "offsets", here,
            b"\xff" * width if rng.random() < .5 else struct.pack(packer, len(data) + 1000))
    if fmt == "sdmf":
        sec = {"verification_key": (107, o["signature"]),
               "signature": (o["signature"], o["share_hash_chain"]),
               "share_hash_chain": (o["share_hash_chain"], o["block_hash_tree"]),
               "block_hash_tree": (o["block_hash_tree"], o["share_data"]),
               "share_data": (o["share_data"], o["enc_privkey"]),
               "enc_privkey": (o["enc_privkey"], o["EOF"])}
    else:
        sec = {"enc_privkey": (o["enc_privkey"], o["share_hash_chain"]),
               "share_hash_chain": (o["share_hash_chain"], o["signature"]),
               "signature": (o["signature"], o["verification_key"]),
               "verification_key": (o["verification_key"], o["verification_key_end"]),
               "share_data": (o["share_data"], o["block_hash_tree"]),
               "block_hash_tree": (o["block_hash_tree"], o["EOF"])}
    a, b = sec["verification_key"]
    flip("verification-key", "verification_key", mid(a + 40, b - 10))
    flip("verification-key-first-byte", "verification_key", a)
    a, b = sec["signature"]
    flip("signature", "signature", mid(a, b))
    put("signature-zeros", "signature", a, b"\x00" * (b - a))
    a, b = sec["share_hash_chain"]
    flip("chain-hash", "share_hash_chain", mid(a + 2, a + 34))
    flip("chain-last-hash", "share_hash_chain", b - 1)
    put("chain-node-number", "share_hash_chain", a, struct.pack(">H", 9999))
    put("chain-node-zero", "share_hash_chain", a, struct.pack(">H", 0))
    out.append(("chain-entries-swapped", "share_hash_chain",
                lambda d: d[:a] + d[a + 34:a + 68] + d[a:a + 34] + d[a + 68:],
                {"swap": [[a, 34], [a + 34, 34]]}))
    ta, tb = sec["block_hash_tree"]
    flip("block-hash-root", "block_hash_tree", mid(ta, ta + 32))
    if tb - ta > 32:
        flip("block-hash-leaf", "block_hash_tree", mid(tb - 32, tb))
    da, db = sec["share_data"]
    if fmt == "mdmf":
        blk = head["segsize"] // head["k"]
        flip("first-salt", "salt", mid(da, da + 16))
        flip("second-salt", "salt", da + 16 + blk + 3)
        flip("first-block", "share_data", mid(da + 16, da + 16 + blk))
        flip("last-block", "share_data", mid(da + 16 + blk + 16, db))
        # nothing lives between the verification key and the data, if there is room
        ve = o["verification_key_end"]
        if ve < o["share_data"]:
            flip("gap-before-data", "gap", mid(ve, o["share_data"]), 0xff)
    else:
        flip("block-first-byte", "share_data", da)
        flip("block", "share_data", mid(da, db))
        flip("block-last-byte", "share_data", db - 1)
    pa, pb = sec["enc_privkey"]
    flip("private-key", "enc_privkey", mid(pa, pb))
    cut("cut-empty", 0)
    cut("cut-1-byte", 1)
    cut("cut-in-header", 60)
    cut("cut-header-only", head["header"])
    cut("cut-half", len(data) // 2)
    cut("cut-last-byte", len(data) - 1)
    for name in ("signature", "share_hash_chain", "share_data"):
        x, y = sec[name]
        cut("cut-in-%s" % name.replace("_", "-"), (x + y) // 2)
    out.append(("trailing-bytes", "trailing", lambda d: d + b"\xa5" * 37, {"append": "a5" * 37}))
    out.append(("other-share-number", "swap", lambda d: other["sibling"],
                {"replaced_by": "the share with the next number of the same file"}))
    out.append(("other-file", "swap", lambda d: other["stranger"],
                {"replaced_by": "the share with this number of another file"}))
    out.append(("older-version", "swap", lambda d: other["older"],
                {"replaced_by": "the same share of version 1 of this file (the others are version 2)"}))
    return out


def group_damage(m, p):
    small = 200 + p.jitter(0, 90)
    for name, fmt, (k, n), segment in [
            ("damage-sdmf", "sdmf", p.damage_kn, None), ("damage-mdmf", "mdmf", p.damage_kn, None),
            ("damage-alone-sdmf", "sdmf", (1, 3), small), ("damage-alone-mdmf", "mdmf", (1, 3), small)]:
        m.encoding(k, n, segment)
        first = (segment or (900 if fmt == "sdmf" else SEG)) * (2 if segment else 1) + 40 + p.jitter(0, 99)
        damage_one(m, p, name, fmt, k, n, first, segment)


def outcome(r, want):
    e = {"http_status": r.status, "content_ok": r.status == 200 and not r.cut and r.body == want}
    if r.status == 200 and not e["content_ok"]:
        e["bytes"], e["sha256"] = len(r.body), sha(r.body)
        e["bytes_are_a_true_prefix"] = want.startswith(r.body)
    if r.status != 200 or r.cut:
        e["error"] = r.error
    return e


def several(times, fn):
    """The outcome of fn(); when it is not the same each time, all of them."""
    seen = []
    for _ in range(times):
        x = fn()
        if x not in seen:
            seen.append(x)
    if len(seen) == 1:
        return seen[0]
    return {"varies": seen}


def damage_one(m, p, name, fmt, k, n, first, segment):
    f = m.file(name, fmt).create(first)
    target = m.rng.randrange(0, k if k > 1 else n)
    old = {x[0]: container_data(open(x[2], "rb").read()) for x in m.locate(f.cap)}
    f.overwrite(first + 30 + p.jitter(0, 9))
    stranger = m.file(name + "-stranger", fmt).create(len(f.data))
    note = "the undamaged file that damaged.json starts from; version 2"
    if segment and fmt == "mdmf":
        note += "; written by a client whose maximum segment size was set to %d" % segment
    case = m.collect(f, note, keep=None)
    where = {x[0]: x for x in m.locate(f.cap)}
    shnum, server, path = where[target]
    with open(path, "rb") as fh:
        raw = fh.read()
    data = container_data(raw)
    head = parse_share(data)
    theirs = {x[0]: x for x in m.locate(stranger.cap)}
    other = {"sibling": container_data(open(where[(target + 1) % n][2], "rb").read()),
             "stranger": container_data(open(theirs[target][2], "rb").read()),
             "older": old[target]}
    folder = os.path.join(m.out, name)
    os.makedirs(os.path.join(folder, "damaged"), exist_ok=True)
    tail = raw[CONTAINER_HEADER + len(data):]

    def store(new):
        extra = struct.unpack(">Q", raw[92:100])[0]
        if len(new) <= len(data):
            body = new + b"\x00" * (len(data) - len(new)) + tail
        else:
            body = new + tail[:]
            extra += len(new) - len(data)
        return raw[:84] + struct.pack(">QQ", len(new), extra) + raw[100:CONTAINER_HEADER] + body

    jobs = [(nm, sec, store(fn(data)), patch) for nm, sec, fn, patch in damages(head, data, m.rng, other)]
    jobs += [
        ("container-magic", "container", bytes([raw[0] ^ 1]) + raw[1:], {"file_offset": 0, "xor": "01"}),
        ("container-length-short", "container", raw[:84] + struct.pack(">Q", len(data) - 20) + raw[92:],
         {"file_offset": 84, "bytes": struct.pack(">Q", len(data) - 20).hex()}),
        ("container-length-long", "container", raw[:84] + struct.pack(">Q", len(data) + 4) + raw[92:],
         {"file_offset": 84, "bytes": struct.pack(">Q", len(data) + 4).hex()}),
        ("container-write-enabler", "container", raw[:60] + bytes([raw[60] ^ 0x10]) + raw[61:],
         {"file_offset": 60, "xor": "10"}),
        ("container-cut", "container", raw[:300], {"truncate_file_to": 300}),
        ("container-empty", "container", b"", {"truncate_file_to": 0})]
    ro = case["read_cap"]
    aside = os.path.join(m.grid.dir, "aside")
    os.makedirs(aside, exist_ok=True)
    advisories = [os.path.join(s["storage_dir"], "corruption-advisories") for s in m.servers]
    keepers = sorted(x for x in where if x != target)[:k - 1]
    gone = [where[x] for x in where if x != target and x not in keepers]
    results = []
    for nm, section, new, patch in jobs:
        for d in advisories:
            for x in glob.glob(os.path.join(d, "*")):
                os.unlink(x)
        fname = "damaged/%s.%d" % (nm, shnum)
        with open(os.path.join(folder, fname), "wb") as fh:
            fh.write(new)
        with open(path, "wb") as fh:
            fh.write(new)
        times = 1 if k == 1 else 4 if section in ("signature", "verification_key", "enc_privkey") else 2
        t = {}
        try:
            t["read_all_present"] = several(max(2, times), lambda: outcome(m.web("GET", cap_path(f.cap), timeout=30), f.data))
            t["check_verify_write_cap"] = several(times, lambda: m.check(f.cap, timeout=30))
            t["check_verify_read_cap"] = several(times, lambda: m.check(ro, timeout=30))
            for g in gone:
                shutil.move(g[2], os.path.join(aside, "%d" % g[0]))
            try:
                for what, fn in (
                        ("read_only_k_shares", lambda: outcome(m.web("GET", cap_path(ro), timeout=30), f.data)),
                        ("check_verify_only_k_shares_write_cap", lambda: m.check(f.cap, timeout=30)),
                        ("check_verify_only_k_shares_read_cap", lambda: m.check(ro, timeout=30))):
                    if k == 1 and section == "verification_key":
                        # a client that has seen a good key before does not look at this one
                        m.grid.restart_client()
                    t[what] = several(times, fn)
            finally:
                for g in gone:
                    shutil.move(os.path.join(aside, "%d" % g[0]), g[2])
        finally:
            with open(path, "wb") as fh:
                fh.write(raw)
        time.sleep(0.4)             # the client sends its reports without waiting for them
        reasons = set()
        for d in advisories:
            for x in glob.glob(os.path.join(d, "*")):
                with open(x, encoding="utf-8", errors="replace") as fh:
                    text = fh.read()
                about = [ln for ln in text.splitlines() if ln.startswith("share_number:")]
                reasons.add("; ".join(about + [one_line(text.split("\n\n", 1)[-1])]))
        results.append({"name": nm, "section": section, "shnum": shnum, "file": fname, "sha256": sha(new),
                        "file_size": len(new), "change": patch, "tahoe": t,
                        "tahoe_corruption_reports": sorted(reasons)})

        def short(c):
            if "varies" in c:
                return "varies"
            if "http_status" in c and c["http_status"] != 200:
                return str(c["http_status"])
            if "healthy" in c:
                return "corrupt" if c["corrupt"] else "healthy" if c["healthy"] else "missing"
            return "ok" if c.get("content_ok") else "cut"
        m.say("    %-34s all %-6s verify %s/%s | k only %s verify %s/%s" % (
            (nm,) + tuple(short(t[x]) for x in (
                "read_all_present", "check_verify_write_cap", "check_verify_read_cap", "read_only_k_shares",
                "check_verify_only_k_shares_write_cap", "check_verify_only_k_shares_read_cap"))))
    if not f.check_content():
        raise gridmod.GridError("the undamaged file does not read any more")
    with open(os.path.join(folder, "damaged.json"), "w", encoding="utf-8") as fh:
        json.dump({"shnum": shnum, "server": server["tubid"], "k": k, "n": n,
                   "kept_with_it": keepers, "damaged": results}, fh, indent=1)
        fh.write("\n")
    m.cases[-1]["damaged"] = len(results)


# -------------------------------------------------------- zfec, hashes, caps

def make_zfec(m, p):
    import zfec
    if p.kind == "standard":
        pairs = [(1, 1), (1, 2), (1, 3), (2, 2), (2, 3), (3, 3), (3, 5), (3, 10), (4, 7), (5, 5), (7, 10), (10, 16),
                 (16, 31), (1, 256), (25, 100), (71, 255), (101, 256), (100, 255), (128, 256), (255, 256), (256, 256)]
    else:
        pairs = [(1, 4), (2, 7), (3, 4), (5, 9), (8, 8), (9, 32), (31, 64), (64, 128), (200, 256),
                 (254, 255)] + sorted({(m.rng.randrange(2, 128), m.rng.randrange(128, 257)) for _ in range(6)})
    out = []
    for k, n in pairs:
        for width in ([1, 8, 37] if n <= 16 else [8]):
            blocks = [plaintext("%s/zfec/%d/%d/%d/%d" % (m.label_seed, k, n, width, i), width) for i in range(k)]
            enc = [bytes(x) for x in zfec.Encoder(k, n).encode(blocks, list(range(n)))]
            assert enc[:k] == blocks
            entry = {"k": k, "n": n, "block_size": width,
                     "input": [b.hex() for b in blocks], "outputs_sha256": sha(b"".join(enc))}
            if n <= 40:
                entry["outputs"] = [b.hex() for b in enc]
            else:
                some = sorted(set(m.rng.sample(range(n), 12)) | {0, k - 1, min(k, n - 1), n - 1})
                entry["some_outputs"] = {str(i): enc[i].hex() for i in some}
            tries = []
            for _ in range(3):
                ids = m.rng.sample(range(n), k)
                dec = [bytes(x) for x in zfec.Decoder(k, n).decode([enc[i] for i in ids], list(ids))]
                assert dec == blocks, (k, n, ids)
                tries.append({"shares": ids, "gives_input": True})
            entry["decode"] = tries
            out.append(entry)
    import importlib.metadata as im
    m.write_json("zfec.json", {"zfec_version": im.version("zfec"), "note":
                 "outputs_sha256 is over the n output blocks one after the other; outputs[i] is block i; "
                 "decode lists share numbers in the order they were given to the decoder", "vectors": out})


def make_hashes(m, p):
    from allmydata.util import hashutil as h, base32, netstring
    from allmydata import hashtree
    from allmydata.crypto import aes
    from allmydata.dirnode import _encrypt_rw_uri
    t = lambda name, size: plaintext("%s/hash/%s" % (m.label_seed, name), size)
    out = {}
    out["netstring"] = [{"in": x.hex(), "out": netstring.netstring(x).hex()}
                        for x in (b"", b"a", b"hello, world!", t("ns", 300))]
    out["tagged_hash"] = [{"tag": tag.decode("latin-1"), "value": val.hex(), "truncate_to": cut,
                           "out": h.tagged_hash(tag, val, cut).hex()}
                          for tag in (b"", b"tag", b"allmydata_encoded_subshare_v1")
                          for val in (b"", b"\x00", t("th", 100)) for cut in (None, 16)]
    out["tagged_pair_hash"] = [{"tag": "pair", "a": a.hex(), "b": b.hex(), "truncate_to": cut,
                                "out": h.tagged_pair_hash(b"pair", a, b, cut).hex()}
                               for a, b in ((b"", b""), (t("a", 16), t("b", 33))) for cut in (None, 16)]
    b32s = []
    for size in list(range(0, 12)) + [16, 20, 32, 33]:
        x = t("b32-%d" % size, size)
        e = base32.b2a(x)
        assert base32.a2b(e) == x
        b32s.append({"in": x.hex(), "out": e.decode()})
    out["base32"] = b32s
    one = []
    rows = [("block_hash", h.block_hash, 50), ("ssk_writekey_hash", h.ssk_writekey_hash, 1216),
            ("ssk_write_enabler_master_hash", h.ssk_write_enabler_master_hash, 16),
            ("ssk_pubkey_fingerprint_hash", h.ssk_pubkey_fingerprint_hash, 294),
            ("ssk_readkey_hash", h.ssk_readkey_hash, 16), ("ssk_storage_index_hash", h.ssk_storage_index_hash, 16),
            ("my_renewal_secret_hash", h.my_renewal_secret_hash, 32),
            ("my_cancel_secret_hash", h.my_cancel_secret_hash, 32),
            ("mutable_rwcap_salt_hash", h.mutable_rwcap_salt_hash, 90),
            ("empty_leaf_hash", None, 0)]
    for name, fn, size in rows:
        if fn is None:
            continue
        for i in range(3):
            x = t("%s-%d" % (name, i), size)
            one.append({"function": name, "in": x.hex(), "out": fn(x).hex()})
    out["one_argument"] = one
    two = []
    for name, fn, a, b in [("ssk_write_enabler_hash", h.ssk_write_enabler_hash, 16, 20),
                           ("ssk_readkey_data_hash", h.ssk_readkey_data_hash, 16, 16),
                           ("file_renewal_secret_hash", h.file_renewal_secret_hash, 32, 16),
                           ("file_cancel_secret_hash", h.file_cancel_secret_hash, 32, 16),
                           ("bucket_renewal_secret_hash", h.bucket_renewal_secret_hash, 32, 20),
                           ("bucket_cancel_secret_hash", h.bucket_cancel_secret_hash, 32, 20),
                           ("mutable_rwcap_key_hash", h.mutable_rwcap_key_hash, 16, 16),
                           ("hmac", h.hmac, 16, 77), ("permute_server_hash", h.permute_server_hash, 16, 32)]:
        for i in range(3):
            x, y = t("%s-a%d" % (name, i), a), t("%s-b%d" % (name, i), b)
            two.append({"function": name, "a": x.hex(), "b": y.hex(), "out": fn(x, y).hex()})
    out["two_arguments"] = two
    chain = []
    for i in range(3):
        der = m.key("hashes-%d" % i)
        from cryptography.hazmat.primitives import serialization as ser
        pub = ser.load_der_private_key(der, None).public_key().public_bytes(
            ser.Encoding.DER, ser.PublicFormat.SubjectPublicKeyInfo)
        wk = h.ssk_writekey_hash(der)
        rk = h.ssk_readkey_hash(wk)
        peer, secret, iv = t("peer%d" % i, 20), t("secret%d" % i, 32), t("iv%d" % i, 16)
        si = h.ssk_storage_index_hash(rk)
        encpriv = aes.encrypt_data(aes.create_encryptor(wk), der)
        chain.append({
            "private_key_pkcs8_der": der.hex(), "public_key_spki_der": pub.hex(),
            "writekey": wk.hex(), "readkey": rk.hex(), "storage_index": si.hex(),
            "fingerprint": h.ssk_pubkey_fingerprint_hash(pub).hex(),
            "salt": iv.hex(), "datakey": h.ssk_readkey_data_hash(iv, rk).hex(),
            "encrypted_private_key_sha256": sha(encpriv), "encrypted_private_key_first_32": encpriv[:32].hex(),
            "server_tubid": peer.hex(), "lease_secret": secret.hex(),
            "write_enabler_master": h.ssk_write_enabler_master_hash(wk).hex(),
            "write_enabler": h.ssk_write_enabler_hash(wk, peer).hex(),
            "client_renewal": h.my_renewal_secret_hash(secret).hex(),
            "client_cancel": h.my_cancel_secret_hash(secret).hex(),
            "file_renewal": h.file_renewal_secret_hash(h.my_renewal_secret_hash(secret), si).hex(),
            "file_cancel": h.file_cancel_secret_hash(h.my_cancel_secret_hash(secret), si).hex(),
            "renew_secret": h.bucket_renewal_secret_hash(h.file_renewal_secret_hash(
                h.my_renewal_secret_hash(secret), si), peer).hex(),
            "cancel_secret": h.bucket_cancel_secret_hash(h.file_cancel_secret_hash(
                h.my_cancel_secret_hash(secret), si), peer).hex()})
    out["key_derivation"] = chain
    out["aes128_ctr_zero_iv"] = []
    for size in (0, 1, 15, 16, 17, 100, 5000):
        key, x = t("aeskey%d" % size, 16), t("aes%d" % size, size)
        c = aes.encrypt_data(aes.create_encryptor(key), x)
        out["aes128_ctr_zero_iv"].append({"key": key.hex(), "size": size, "plaintext_label": "%s/hash/aes%d" % (m.label_seed, size),
                                          "ciphertext_sha256": sha(c), "ciphertext": c.hex() if size <= 100 else None})
    out["directory_rw_cap"] = []
    for i in range(3):
        wk, cap = t("dirwk%d" % i, 16), b"URI:SSK:" + base32.b2a(t("w%d" % i, 16)) + b":" + base32.b2a(t("f%d" % i, 32))
        out["directory_rw_cap"].append({"directory_writekey": wk.hex(), "rw_cap": cap.decode(),
                                        "out": _encrypt_rw_uri(wk, cap).hex(), "layout": "salt(16) || AES-128-CTR || hmac(32)"})
    out["empty_leaf_hash"] = [{"index": i, "out": hashtree.empty_leaf_hash(i).hex()} for i in (0, 1, 2, 3, 7, 100)]
    a, b = t("pa", 32), t("pb", 32)
    out["pair_hash"] = {"a": a.hex(), "b": b.hex(), "out": hashtree.pair_hash(a, b).hex()}
    trees = []
    for count in (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 17, 33, 100, 255):
        leaves = [h.block_hash(t("leaf%d-%d" % (count, i), 8)) for i in range(count)]
        tree = hashtree.HashTree(list(leaves))
        e = {"leaves": [x.hex() for x in leaves], "root": tree[0].hex(), "nodes_sha256": sha(b"".join(tree)),
             "node_count": len(tree), "first_leaf_index": tree.get_leaf_index(0) if count else None,
             "needed_hashes": {str(i): sorted(tree.needed_hashes(i)) for i in sorted({0, count // 2, count - 1}) if 0 <= i < count},
             "needed_hashes_with_leaf": {str(i): sorted(tree.needed_hashes(i, True)) for i in sorted({0, count // 2, count - 1}) if 0 <= i < count}}
        if count <= 17:
            e["nodes"] = [x.hex() for x in tree]
        trees.append(e)
    out["hash_tree"] = trees
    m.write_json("hashes.json", out)


def make_caps(m, p):
    from allmydata import uri
    from allmydata.util import base32
    t = lambda name, size: plaintext("%s/cap/%s" % (m.label_seed, name), size)
    b = lambda x: base32.b2a(x)
    wk, fp, rk = t("wk", 16), t("fp", 32), None
    good = []
    makers = [uri.WriteableSSKFileURI(wk, fp), uri.WriteableMDMFFileURI(wk, fp)]
    makers += [uri.DirectoryURI(makers[0]), uri.MDMFDirectoryURI(makers[1])]
    base = []
    for w in makers:
        r, v = w.get_readonly(), w.get_verify_cap()
        for u in (w, r, v):
            base.append(u.to_string())
    for c in base:
        good.append(describe(c, uri, base32))
    W, R, V, MW, MR, MV, DW, DR, DV, DMW, DMR, DMV = base
    bad = []

    def tryit(why, c):
        bad.append(dict(why=why, **describe(c, uri, base32)))
    tryit("MDMF write cap with extension fields (k and segment size)", MW + b":3:131073")
    tryit("MDMF read cap with extension fields", MR + b":3:131073")
    tryit("MDMF verify cap with extension fields", MV + b":3:131073")
    tryit("MDMF write cap with one extension field", MW + b":3")
    tryit("MDMF write cap with extension fields that are not numbers", MW + b":abc:\xc3\xa4".replace(b"\xc3\xa4", b"x"))
    tryit("MDMF write cap with an empty extension", MW + b":")
    tryit("MDMF directory write cap with extension fields", DMW + b":3:131073")
    tryit("SDMF write cap with extension fields", W + b":3:131073")
    tryit("SDMF write cap with a colon at the end", W + b":")
    for name, c in (("SDMF write", W), ("SDMF read", R), ("SDMF verify", V), ("MDMF write", MW),
                    ("MDMF read", MR), ("MDMF verify", MV), ("SDMF directory", DW), ("MDMF directory", DMW),
                    ("SDMF directory verify", DV), ("MDMF directory verify", DMV)):
        tryit(name + " cap, last character missing", c[:-1])
        tryit(name + " cap, one character too many", c + b"a")
        tryit(name + " cap, last character changed so that unused bits are set", c[:-1] + alter_unused(c[-1:]))
        head, _, last = c.rpartition(b":")
        first = head.rpartition(b":")[2]
        tryit(name + " cap, first field's unused bits set", c.replace(first, first[:-1] + alter_unused(first[-1:])))
        tryit(name + " cap, upper case base32", head.rpartition(b":")[0] + b":" + first.upper() + b":" + last.upper())
        tryit(name + " cap, key field one character short", c.replace(first, first[:-1]))
        tryit(name + " cap, fingerprint missing", head)
        tryit(name + " cap, a character that base32 lacks", head + b":" + b"1" + last[1:])
        tryit(name + " cap in lower case", c.lower())
        tryit(name + " cap, space before", b" " + c)
        tryit(name + " cap, newline behind", c + b"\n")
        tryit(name + " cap, ro. prefix", b"ro." + c)
        tryit(name + " cap, imm. prefix", b"imm." + c)
        tryit(name + " cap, colons percent-encoded", c.replace(b":", b"%3A"))
        tryit(name + " cap behind a gateway URL", b"http://127.0.0.1:3456/uri/" + c)
    for c in (b"", b"URI:", b"URI:SSK", b"URI:SSK:", b"URI:SSK::", b"URI:MDMF:", b"URI:MDMF::", b"URI:DIR2:",
              b"URI:DIR2-MDMF:", b"URI:SSK-Verifier::", b"URI:XYZ:abc", b"x-tahoe-future:abc", b"lafs://abc", b"/uri/" + W,
              W.replace(b"SSK", b"SSK-RW"), W.replace(b"URI:SSK:", b"URI:MDMF-RO2:"), b"URI:LIT:", b"URI:LIT:krugkidfnzsc4",
              b"URI:DIR2-LIT:", b"URI:DIR2-CHK:" + b(t("x", 16)) + b":" + b(t("y", 32)) + b":3:10:100",
              b"URI:CHK:" + b(t("x", 16)) + b":" + b(t("y", 32)) + b":3:10:100"):
        tryit("other text", c)
    m.write_json("caps.json", {
        "note": "verdict: `accepted` (allmydata.uri.from_string gave a known kind of cap; `canonical` is what it writes "
                "back), `unknown` (it gave an UnknownURI; `error` says why where it knows), `exception`",
        "writekey": wk.hex(), "fingerprint": fp.hex(), "valid": good, "others": bad})


def alter_unused(ch):
    """For a last base32 character: the same value with its lowest bit set."""
    alpha = b"abcdefghijklmnopqrstuvwxyz234567"
    i = alpha.index(ch)
    return alpha[i | 1:(i | 1) + 1] if not i & 1 else alpha[i ^ 2:(i ^ 2) + 1]


def describe(c, uri, base32):
    e = {"cap": c.decode("latin-1")}
    try:
        u = uri.from_string(c)
    except Exception as ex:                                  # what Tahoe does is what we record
        e.update(verdict="exception", error="%s: %s" % (type(ex).__name__, ex))
        return e
    if isinstance(u, uri.UnknownURI):
        e.update(verdict="unknown", kind=None,
                 error=("%s: %s" % (type(u.get_error()).__name__, u.get_error())) if u.get_error() else None)
        return e
    e.update(verdict="accepted", kind=type(u).__name__, canonical=u.to_string().decode(),
             same=u.to_string() == c)
    try:
        e.update(read_only=bool(u.is_readonly()), mutable=bool(u.is_mutable()))
        si = u.get_storage_index()
        e["storage_index"] = base32.b2a(si).decode() if si else None
        r, v = u.get_readonly(), u.get_verify_cap()
        e["read_cap"] = r.to_string().decode() if r else None
        e["verify_cap"] = v.to_string().decode() if v else None
        inner = u.get_filenode_cap() if hasattr(u, "get_filenode_cap") else u
        for field in ("writekey", "readkey", "fingerprint"):
            if hasattr(inner, field):
                e[field] = getattr(inner, field).hex()
    except Exception as ex:
        e["attenuation_error"] = "%s: %s" % (type(ex).__name__, ex)
    return e


# --------------------------------------------------------------------- recheck

def recheck(grid, out, stream=sys.stderr):
    """Put the stored shares of every case, and nothing else, onto the grid and
    have Tahoe read the file: the set as it is on disk is readable."""
    m = Maker(grid, out, "recheck", "standard")
    bad = done = 0
    for path in sorted(glob.glob(os.path.join(out, "*", "case.json"))):
        with open(path, encoding="utf-8") as f:
            case = json.load(f)
        folder = os.path.dirname(path)
        if case["plaintext"].get("file"):
            with open(os.path.join(folder, case["plaintext"]["file"]), "rb") as f:
                want = f.read()
        elif case.get("versions"):
            want = None
        else:
            want = b""
            for op in case["plaintext"]["history"]:
                new = plaintext(op["label"], op["size"])
                if op["op"] == "update":
                    want = want[:op["offset"]] + new + want[op["offset"] + op["size"]:]
                else:
                    want = new
        if want is not None and sha(want) != case["plaintext"]["sha256"]:
            m.say("%s: the plaintext cannot be made again" % case["case"])
            bad += 1
            continue
        si = case["storage_index"]
        for s in m.servers:
            shutil.rmtree(m.bucket(s, si), ignore_errors=True)
        order = {s["tubid"]: s for s in m.servers}
        for i, sh in enumerate(case["shares"]):
            with open(os.path.join(folder, sh["file"]), "rb") as f:
                raw = f.read()
            if sha(raw) != sh["sha256"]:
                m.say("%s: %s has another hash" % (case["case"], sh["file"]))
                bad += 1
            s = order.get(sh["server"]) or m.servers[i % len(m.servers)]
            d = m.bucket(s, si)
            os.makedirs(d, exist_ok=True)
            with open(os.path.join(d, str(sh["shnum"])), "wb") as f:
                f.write(raw)
        r = m.web("GET", cap_path(case["read_cap"]))
        if r.status != 200 or sha(r.body) != case["plaintext"]["sha256"]:
            m.say("%s: Tahoe gave %d %s" % (case["case"], r.status, r.error if r.status != 200 else "other bytes"))
            bad += 1
        done += 1
        for s in m.servers:
            shutil.rmtree(m.bucket(s, si), ignore_errors=True)
    m.say("rechecked %d cases, %d bad" % (done, bad))
    return bad


# ---------------------------------------------------------------- what goes along

README = """# Test vectors of mutable files, made by Tahoe-LAFS

{count} cases, made with Tahoe-LAFS {version} (zfec {zfec}) on a loopback grid of {servers} storage
servers (storage protocol: {protocol}) by `make_vectors.py --plan {plan} --seed {seed}`.
Every share file is what a storage server of the grid wrote, byte for byte; exceptions are named below.
Before the shares of a case were copied, Tahoe itself read the file with its write cap and
with its read cap, and the content had the SHA-256 that `case.json` gives.  A second pass
(`make_vectors.py --recheck`) put only the stored shares back onto a grid and had Tahoe read them.

Keys, caps and grid are throw-away test material.

## Plaintext

    plaintext(label, size) = first `size` bytes of
        SHA-256(label || be64(0)) || SHA-256(label || be64(1)) || SHA-256(label || be64(2)) ...

`label` is ASCII text, `be64` the counter as 8 bytes, big-endian.  `plaintext.history` in case.json
lists what was written, in order; start with nothing and apply each:

    create, overwrite   content = plaintext(label, size)
    update              content = content[:offset] + plaintext(label, size) + content[offset+size:]

`plaintext.sha256` is the hash of what results.  `plaintext.file` instead names a file with the content.
In the `versions-*` cases and `rekn-fewer-*` the content is that of the version that Tahoe returned.

## Files

`index.json`  all cases with their parameters; the seed; the servers (`tubid` in base32 is the 20-byte
    identifier that secrets and containers use, `nodeid` the server's Ed25519 identity,
    `permutation_seed` what orders servers for a file, base32); `client_lease_secret` in base32;
    `odd`: what Tahoe did where a case could not be made, see below.
`<case>/case.json`, `<case>/shares/<shnum>.<first 8 characters of the tubid>`  see below.
`zfec.json`  encoding vectors straight from zfec: k, n, input blocks, output blocks (all, or some and
    the SHA-256 of all), and share numbers from which the decoder gave the input back.
`hashes.json`  tagged hashes, netstrings, base32, hash trees, key derivation, write enablers and lease
    secrets, AES-128-CTR, directory write cap encryption: inputs and outputs (hex unless it says so).
`caps.json`  valid mutable caps with attenuations, and other text with Tahoe's verdict on it.

## case.json

`format` sdmf or mdmf; `k`, `n`, `size`, `segsize`, `seqnum`, `root_hash`, `sdmf_salt`: the header of the
    (newest) version; `segsize` is as in the header.
`write_cap`, `read_cap`, `verify_cap`, `storage_index` (base32).
`private_key_pkcs8_der` base64; a writer must store exactly this DER, encrypted.
`shares_on_grid`, `all_shares_stored`: large files have only some of their shares here (at least k).
`shares[]`  `shnum`; `server` (tubid); `file`, `file_size`, `sha256`: the share container as on the server's
    disk; `share_length`: the container's data length; `seqnum`, `root_hash` of this share;
    `write_enabler`, `renew_secret`, `cancel_secret` (hex) as the client derives them for that server.
    The container holds the write enabler itself, and BLAKE2b-256 of the lease secrets (container
    version 2) or the lease secrets (version 1).
`tahoe_check`  what `t=check&verify=true` said about the file on the grid.
`versions[]` (some cases)  every version on the grid, its shares as [shnum, server] and its plaintext.
`containers`, `other_leases` (lease cases)  each container's fields as Tahoe's class reads them, and the
    secrets of the leases that were added.
`children`, `directory_caps` (directories).
`notes`  how the case came about.

## Groups

`sweep-*`, `large-*`  sizes around 0, k, blocks and segments.   `kn-*`  encodings, up to n = 255.
`overwrite-*`  versions above 1; shrunk files leave old bytes in the container.
`rekn-*`  encoding changed between versions.   `update-*`  written at an offset through the web API.
`smallseg-*`  the client process had a smaller maximum segment size, so small files have many segments.
`dir-*`  directories.   `versions-*`  more than one version on the grid.
`lease-*`, `container-v1-*`  leases in all places; the old container version.  Tahoe's own share file
    class made the extra leases and the version 1 containers.
`damage-*`  see below.

## damaged.json

In `damage-sdmf`, `damage-mdmf` one share of several was damaged; in `damage-alone-*` k is 1, so that Tahoe's
verdict on that share alone can be seen.  `shnum`, `server`: the share; `kept_with_it`: the other shares
that were left for the `only_k_shares` trials (so that Tahoe needed the damaged one).  Per damage:
`file` the damaged container, `section` where the damage is, `change` what was done (offsets are within
the share, after the 468 bytes of container header, unless `file_offset`).  `tahoe`:
    `read_all_present`, `read_only_k_shares`  web API read: HTTP status, whether the content was right
        (`older-version` alone rightly gives version 1).  200 with fewer bytes: the connection was cut.
    `check_verify_*`  web API check with verify; `corrupt` lists [shnum, server] it called corrupt,
        `good` counts the shares it counted.
    `varies`  the same request gave different answers.  Tahoe checks a signature only on the first
        share of a version that it hears of, a public key only until it has one, and a private key only
        until it has one, so its verdict on a share with such a damage depends on which answer came first.
        A strict reader may call such shares corrupt; it must not give wrong content.
`tahoe_corruption_reports`  what it told the server of the share during all these trials, as the server
    wrote it down (a server drops a report about a share that it does not have, and with several shares
    Tahoe often names a wrong share number).

## What Tahoe would not do

{odd}
"""


def write_readme(out, index, grid):
    import importlib.metadata as im
    odd = []
    for o in index["odd"]:
        line = "- %s" % o["what"]
        if o.get("shape"):
            line += " (%s)" % o["shape"]
        if "before_size" in o:
            line += ": size %d, offset %d, length %d, segment size %d" % (
                o["before_size"], o["offset"], o["length"], o["segment"])
        line += ": %s" % (o.get("answer") or "status %s" % o.get("http_status"))
        if o.get("versions_on_grid"):
            line += "; on the grid then: " + ", ".join(
                "version %d with %d distinct shares" % (v["seqnum"], v["distinct_shares"])
                for v in o["versions_on_grid"])
        if o.get("content_unchanged") or o.get("old_content_still_read"):
            line += " (the old content was still there)"
        odd.append(line)
    odd += ["- No case with n = 256: the share header has one byte for n.",
            "- Leases of several clients were not made through the web API but with Tahoe's share file class."]
    with open(os.path.join(out, "README.md"), "w", encoding="utf-8") as f:
        f.write(README.format(count=len(index["cases"]), version=index["tahoe_lafs"], zfec=im.version("zfec"),
                              servers=len(index["servers"]), protocol=grid.state["protocol"], plan=index["plan"],
                              seed=index["seed"], odd="\n".join(odd)))


def no_paths(out, grid):
    """Nothing that belongs to this machine may be in a set."""
    bad = [b"/tmp/", b"/root/", b"/home/", b"site-packages", grid.dir.encode(), os.getcwd().encode() + b"/"]
    for top, _, files in os.walk(out):
        for name in files:
            with open(os.path.join(top, name), "rb") as f:
                data = f.read()
            for b in bad:
                if b in data and len(b) > 3:
                    raise gridmod.GridError("%s has %r in it" % (os.path.join(top, name), b))


GROUPS = [("sweep", group_sweep), ("kn", group_kn), ("overwrite", group_overwrite),
          ("update", group_update), ("smallseg", group_smallseg), ("dirs", group_dirs),
          ("leases", group_leases), ("versions", group_versions), ("damage", group_damage),
          ("zfec", make_zfec), ("hashes", make_hashes), ("caps", make_caps)]


def main(argv=None):
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--grid", required=True, help="directory of the grid (see grid.py)")
    ap.add_argument("--tahoe", help="the tahoe executable")
    ap.add_argument("--servers", type=int, default=10, help="when the grid has to be started")
    ap.add_argument("--protocol", default="http", choices=("http", "foolscap", "mixed"))
    ap.add_argument("--out", help="where the set goes")
    ap.add_argument("--seed", help="any text")
    ap.add_argument("--plan", choices=("standard", "random"), default="standard")
    ap.add_argument("--only", help="groups, comma separated: " + ",".join(g for g, _ in GROUPS))
    ap.add_argument("--keep-going", action="store_true", help="go on when a group fails")
    ap.add_argument("--recheck", metavar="DIR", help="read a finished set back through the grid")
    a = ap.parse_args(argv)
    if not a.recheck and not (a.out and a.seed):
        ap.error("--out and --seed are needed")
    try:
        import allmydata                                             # noqa: F401
        import zfec                                                  # noqa: F401
    except ImportError as e:
        print("make_vectors.py: %s; %s" % (e, gridmod.TAHOE_HINT), file=sys.stderr)
        return 1
    try:
        g = PatchedGrid(a.grid, a.tahoe)
        if not g.state or not g.running("client"):
            g.up(a.servers, 3, 1, 5, a.protocol)
        if a.recheck:
            return 1 if recheck(g, a.recheck) else 0
        os.makedirs(a.out, exist_ok=True)
        m = Maker(g, a.out, a.seed, a.plan)
        failed = []
        chosen = a.only.split(",") if a.only else [n for n, _ in GROUPS]
        unknown = set(chosen) - {n for n, _ in GROUPS}
        if unknown:
            ap.error("unknown groups: " + ", ".join(sorted(unknown)))
        for name, fn in GROUPS:
            if name not in chosen:
                continue
            t0 = time.monotonic()
            m.say("%s:" % name)
            # each group has its own random numbers, so that one can be made alone
            m.rng = random.Random("%s/%s" % (a.seed, name))
            plan = Plan(a.plan, random.Random("%s/plan" % a.seed))
            plan.rng = m.rng
            seen = len(m.odd)
            try:
                fn(m, plan)
            except gridmod.GridError as e:
                m.say("  FAILED: %s" % e)
                failed.append({"group": name, "error": str(e)[:300]})
                if not a.keep_going:
                    raise
            for o in m.odd[seen:]:
                o["group"] = name
            m.say("  (%s took %.0f s)" % (name, time.monotonic() - t0))
        part = os.path.join(a.out, "index.json")
        index = {"cases": [], "odd": [], "failed_groups": []}
        if os.path.exists(part):
            with open(part, encoding="utf-8") as f:
                index = json.load(f)
        mine = {c["case"] for c in m.cases}
        index["cases"] = [c for c in index["cases"] if c["case"] not in mine] + m.cases
        index["odd"] = [o for o in index["odd"] if o.get("group") not in chosen] + [
            dict(o) for o in m.odd]
        index["failed_groups"] = [x for x in index["failed_groups"] if x["group"] not in chosen] + failed
        index["seed"] = a.seed
        index["plan"] = a.plan
        index["tahoe_lafs"] = g.state.get("version")
        index["client_lease_secret"] = b32(m.lease_secret)
        index["servers"] = [{"tubid": s["tubid"], "nodeid": s["nodeid"],
                             "permutation_seed": s["permutation_seed"]} for s in m.servers]
        order = {n: i for i, (n, _) in enumerate(GROUPS)}
        index["odd"].sort(key=lambda o: order.get(o.get("group"), 99))
        index["cases"].sort(key=lambda c: c["case"])
        m.write_json("index.json", index)
        write_readme(a.out, index, g)
        no_paths(a.out, g)
        g.set_segment(None)
        g.set_encoding(3, 10)
        return 1 if failed else 0
    except gridmod.GridError as e:
        print("make_vectors.py: %s" % e, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
