"""What the benchmarks share: the constants of this machine, the least that an answer takes by
them, models of random weights, and rows: name, ours, unit, the best peer, how many times
better we are, what is wanted (that ratio where there is a peer, else in the unit), and the
least (or for rates the most) that the machine allows."""
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("SASREC_BUILD", ROOT / "build/release"))
BLOCKS, FACTOR = 2, 1  # of models that bench_infer makes, as training chooses them
ITEMS = 3_416          # as MovieLens 1M has them


def own_choice_of_blas():
    """OpenBLAS is to find out by itself which CPU this is."""
    for name in "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE":
        os.environ.pop(name, None)


def find_data(name):
    """Of a file of pairs, or of NAME.txt in SASREC_DATA."""
    folder = pathlib.Path(os.environ.get("SASREC_DATA", ROOT.parent / "shared/data"))
    for path in pathlib.Path(name), folder / name, folder / f"{name}.txt":
        if path.is_file():
            return path.resolve()
    sys.exit(f"no file {name}, and no {name}.txt in {folder} (set SASREC_DATA)")


def infer_tool(*words):
    done = subprocess.run([str(word) for word in (BUILD / "bench/bench_infer", *words)],
                          stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def machine():
    """Peak of a core (f32_gflop_s, int8_gmac_s; 0: not known), read_SIZE_threads_N_gb_s, and
    wake_us, from one thread to another. Measured at each call."""
    return infer_tool("machine")


def make_model(folder, items, width, window, version="made"):
    """Path of the checkpoint, random weights."""
    return pathlib.Path(infer_tool("make", folder, items, width, window, version)["path"])


def row(name, ours, unit, wanted=None, peer=None, peer_name=None, floor=None):
    """Less is better, but for rates."""
    ratio = peer and (ours / peer if unit.endswith("/s") else peer / ours)
    return {"name": name, "ours": ours, "unit": unit, "peer": peer, "peer_name": peer_name,
            "ratio": ratio and round(ratio, 2), "wanted": wanted, "floor": floor}


HEAD = ("| | ours | best peer | times better | wanted | limit of the machine |\n"
        "|---|---|---|---|---|---|")


def line(entry):
    """Of the table that HEAD begins."""
    def number(value):
        return "" if value is None else f"{value:,}"
    peer = f"{number(entry['peer'])}, {entry['peer_name']}" if entry["peer"] else ""
    wanted = number(entry["wanted"])
    wanted += (" times" if entry["peer"] else f" {entry['unit']}") if wanted else ""
    return (f"| {entry['name']} | {entry['ours']:,} {entry['unit']} | {peer} | "
            f"{number(entry['ratio'])} | {wanted} | {number(entry['floor'])} |")


def write_rows(path, rows):
    pathlib.Path(path).write_text(json.dumps(rows, indent=2) + "\n")


def floor_us(constants, items, width, history, batch=1, returning=False):
    """Of a request: multiplications of the encoder at the peak, then reading the table of 8
    bits, or multiplying by it. Of one core alone, or of two for a batch's throughput. None
    where the peak is not known."""
    if not constants["f32_gflop_s"]:
        return None
    token, new = (4 + 2 * FACTOR) * width * width, 1 if returning else history
    seen = history if returning else (history + 1) / 2
    full = new * (token + 2 * seen * width)
    last = new * 2 * width * width + (token - 2 * width * width) + 2 * history * width
    multiply = 2 * ((BLOCKS - 1) * full + last) / constants["f32_gflop_s"] / 1e3
    scan = items * width
    size = "768K" if scan < 1 << 20 else "16M" if scan < 24 << 20 else "256M"
    cores = 2 if batch > 1 else 1
    read = scan / constants[f"read_{size}_threads_{cores}_gb_s"] / 1e3
    adds = scan / constants["int8_gmac_s"] / 1e3 if constants["int8_gmac_s"] else 0
    if batch == 1:
        return multiply + max(read, adds)
    return (multiply + adds) / cores + read / batch


def most_per_second(constants, items, width, history, precision="f32"):
    """Answers a second of both cores in full batches, if there were nothing but the model. None:
    the peak of that precision is not measured."""
    least = precision == "f32" and floor_us(constants, items, width, history, batch=64)
    return round(1e6 / least) if least else None


def publish(stack, items, width, window=200, version="made"):
    """A model of random weights for a Stack's server; its path."""
    folder = stack.folder / "checkpoints"
    folder.mkdir(exist_ok=True)
    path = make_model(folder, items, width, window, version)
    (folder / "current").write_text(f"{version}\n")
    return path


def encodes_in(stack, precision):
    """What a Stack's server does; bf16 takes a CPU for it, and a model that it is good enough
    for."""
    text = stack.get("/metrics")[1].decode()
    bf16 = float(re.search(r"^sasrec_model_encoder_bf16 (\S+)", text, re.M)[1])
    return bf16 == (precision == "bf16")


def in_precision(precision):
    """Of a row's name."""
    return "" if precision == "f32" else f", in {precision}"


def cpu_us(processes):
    """Of all their threads until now; a child's child is none."""
    ticks = 0
    for process in processes:
        fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK") * 1e6
