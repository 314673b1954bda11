"""Programs from PyPI that the contract tests use: requirements/NAME.txt (pinned, with hashes),
installed once and kept in the build folder."""
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = pathlib.Path(os.environ.get("SASREC_BUILD", ROOT / "build/release"))


def programs(name):
    """The folder of their programs, with a python that has them."""
    requirements = (HERE / f"requirements/{name}.txt").read_text()
    venv = BUILD / "contract" / name
    mark = venv / "installed"
    if not mark.exists() or mark.read_text() != requirements:
        subprocess.run([sys.executable, "-m", "venv", "--clear", venv], check=True)
        subprocess.run([venv / "bin/pip", "install", "-q", "--disable-pip-version-check",
                        "--require-hashes", "-r", HERE / f"requirements/{name}.txt"], check=True)
        mark.write_text(requirements)
    return venv / "bin"
