"""The dashboards of ops/grafana, and what is in them."""
import functools
import json
import pathlib
import re

DASHBOARDS = pathlib.Path(__file__).resolve().parents[2] / "ops/grafana/dashboards"


@functools.cache
def dashboards():
    return [json.loads(path.read_text()) for path in sorted(DASHBOARDS.glob("*.json"))]


def panels(board):
    """All but the rows that they stand in."""
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def targets(board):
    return [target for panel in panels(board) for target in panel["targets"]]


def metric_names(expr):
    """Of a query of ours: labels, functions and operators left out."""
    bare = re.sub(r'\b(by|on|without|ignoring) \([^)]*\)|\{[^}]*\}|\[[^]]*\]', " ", expr)
    return set(re.findall(r"\b[a-z_]\w*\b(?!\s*\()", bare)) - {"by", "on", "and", "or", "le"}
