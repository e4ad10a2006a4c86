"""The command on files of growing size: time for each byte, and peak memory."""
import contextlib
import filecmp
import json
import shutil
import sys

from tools import HERE, command, python, say, scratch, spread

MIB = 1 << 20
KEY = """
from cryptography.hazmat.primitives import serialization as s
from cryptography.hazmat.primitives.asymmetric import rsa
key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
print(key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption()).decode())
"""


class Stage:
    """A directory with the command, a key, a file to encode and its shares."""

    def __init__(self, directory, size):
        self.dir, self.size = directory, size
        self.mdmf, self.plain, self.cap = directory / "mdmf", directory / "plain", directory / "cap"
        command("go", "build", "-o", self.mdmf, "./cmd/mdmf")
        (directory / "key").write_text(command(python(), "-c", KEY))
        with self.plain.open("wb") as f:  # zeros but for a mark in each MiB, which takes hardly any disk
            for at in range(0, size, MIB):
                f.seek(at)
                f.write(b"%08x" % at if size - at >= 8 else b"1")
            f.truncate(size)

    def run(self, *args):
        out = self.dir / "stdout"
        took = json.loads(command(sys.executable, "-I", "-S", HERE / "spawn.py", out, self.mdmf, *args))
        if took.pop("status") != 0:
            raise SystemExit(f"bench/run: mdmf {args[0]} failed with {self.size} bytes")
        return took

    def encode(self, form="mdmf"):
        shutil.rmtree(self.dir / "storage", ignore_errors=True)
        took = self.run("encode", "--format", form, "--key", self.dir / "key", "--out", self.dir / "storage", "--json", "--secrets", self.plain)
        self.cap.write_text(json.loads((self.dir / "stdout").read_text())["write_cap"])
        return took

    def decode(self):
        out = self.dir / "out"
        took = self.run("decode", f"@{self.cap}", self.dir / "storage", "-o", out)
        if not filecmp.cmp(self.plain, out, shallow=False):
            raise SystemExit(f"bench/run: {self.size} bytes decoded are not those that were encoded")
        out.unlink()
        return took


@contextlib.contextmanager
def stage(size):
    with scratch() as tmp:
        yield Stage(tmp, size)


def need_room(size):
    """Ends the program unless the shares of so many bytes, and what is decoded of them, find room on disk."""
    need = int(size * (10 / 3 + 1) * 1.05) + 100 * MIB
    with scratch() as tmp:
        if shutil.disk_usage(tmp).free < need:
            raise SystemExit(f"bench/run: {size} bytes need {need >> 20} MiB of disk; set TMPDIR, or leave them out with --sizes")


def runs_for(size, o):
    """Small files are measured more often: starting a process is most of their time."""
    if o.quick:
        return 1
    return next((runs for most, runs in ((4, 51), (16, 15), (256, 7), (1024, 3)) if size <= most * MIB), 2)


def growth(o):
    out = {"sizes": {}}
    for size in [1, *o.sizes]:  # 1 byte: what starting the process and the signature take
        say(f"mdmf encode and decode, {size} bytes")
        taken = {"encode": [], "decode": []}
        with stage(size) as s:
            for _ in range(runs_for(size, o)):
                taken["encode"].append(s.encode())
                taken["decode"].append(s.decode())
        out["sizes"][str(size)] = {what: {m: spread([t[m] for t in took]) for m in ("user", "system", "wall", "maxrss_kib")} for what, took in taken.items()}
    return out


def update(o):
    """One byte in the middle of a large file, with the command, if it has that."""
    with stage(o.update_size) as s:
        try:
            command(s.mdmf, "update", "--help")
        except SystemExit:
            say("skipped: this mdmf has no command update")
            return None  # the table says so
        say(f"mdmf update, 1 byte of {s.size}")
        encode, at, taken = s.encode(), s.size // 2, []
        for i in range(o.runs):
            (s.dir / "byte").write_bytes(b"%d" % (i % 10))
            taken.append(s.run("update", f"@{s.cap}", "--offset", at, "--in", s.dir / "byte", s.dir / "storage"))
        with s.plain.open("r+b") as f:
            f.seek(at)
            f.write((s.dir / "byte").read_bytes())
        s.decode()  # compares
    return {"size": o.update_size, "encode": encode, "shares": 10,
            **{m: spread([t[m] for t in taken]) for m in ("wall", "maxrss_kib", "read", "written")}}
