"""The tables of docs/metrics.md."""
import pathlib
import re
from typing import NamedTuple

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROLES = ("api", "worker", "db-writer")


class Row(NamedTuple):
    type: str
    labels: set
    roles: tuple  # or ("dbt",)


def documented():
    """{name: Row}."""
    rows = {}
    for line in (ROOT / "docs/metrics.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) != 7 or not cells[1].startswith("`"):
            continue
        name = cells[1].strip("`")
        assert name not in rows, name
        roles = ROLES if cells[4] == "all" else tuple(cells[4].split(", "))
        rows[name] = Row(cells[2], set(re.findall(r"`(\w+)`", cells[3])), roles)
    return rows
