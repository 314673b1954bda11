"""The Python that has the peers: requirements.txt, from PyPI into .run/peers-venv at the first
use. SASREC_PEERS_PYTHON names one that has them already."""
import os
import pathlib
import subprocess
import sys

FOLDER = pathlib.Path(__file__).resolve().parent
RUN = pathlib.Path(os.environ.get("SASREC_RUN", FOLDER.parents[2] / ".run"))


def python():
    if "SASREC_PEERS_PYTHON" in os.environ:
        return os.environ["SASREC_PEERS_PYTHON"]
    venv = RUN / "peers-venv"
    if not (venv / "installed").exists():
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        subprocess.run([venv / "bin/python", "-m", "pip", "install", "-q", "-r",
                        FOLDER / "requirements.txt"], check=True)
        (venv / "installed").touch()
    return venv / "bin/python"
