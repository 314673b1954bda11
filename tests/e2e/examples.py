"""The examples of a page of documentation, run as they stand there: each block of ```sh, and
each command behind a $ in a block of ```console. What a ```json block right behind the first
says, or the lines behind the second, must be answered; ... leaves something out."""
import json
import re
import subprocess

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)
COMMAND = re.compile(r"^\$ ((?:.*\\\n)*.*)\n((?:(?!\$ ).*\n)*)", re.M)
# Every model recommends something else, every run has other ids and times.
VARY = {"request_id", "item_ids", "item_keys", "scores", "counts", "model_version", "version", "created_at",
        "updated_at", "interactions", "predictions"}
# So that a command tells its status as well, in a line of its own behind that of the answer.
CURL = "curl () { command curl -w '\\n%{http_code}\\n' \"$@\"; }\n"


def examples(text):
    """[(script, what is said to be answered, or None)] of those that ask the service."""
    found, end = [], 0
    for match in BLOCK.finditer(text):
        kind, block = match.groups()
        if kind == "sh":
            found.append((block, None))
        elif kind == "console":
            found += [(command, answer.strip() or None) for command, answer in COMMAND.findall(block)]
        elif kind == "json" and found and not text[end:match.start()].strip():
            found[-1] = (found[-1][0], block)
        end = match.end()
    return [(script, said) for script, said in found if "localhost:8000" in script and "curl" in script]


def read(said):
    return json.loads(re.sub(r"\.\.\.\s*,\s*|,?\s*\.\.\.", "", said))


def kind_of(value):
    return float if type(value) is int else type(value)


def differences(said, answer, at=""):
    """Where the answer lacks what was said."""
    if kind_of(said) is not kind_of(answer):
        yield f"{at}: {said!r} was said, it is {answer!r}"
    elif isinstance(said, dict):
        for key, value in said.items():
            if key not in answer:
                yield f"{at}: there is no {key}"
            elif key in VARY:
                yield from differences(kind_of(value)(), kind_of(answer[key])(), f"{at}/{key}")
            else:
                yield from differences(value, answer[key], f"{at}/{key}")
    elif isinstance(said, list):
        if len(answer) < len(said):
            yield f"{at}: {len(answer)} elements, not {len(said)}"
        for i, pair in enumerate(zip(said, answer)):
            yield from differences(*pair, f"{at}/{i}")
    elif said != answer:
        yield f"{at}: {said!r} was said, it is {answer!r}"


class Reader:
    """Somebody who does what a page says, in its order."""

    def __init__(self, port):
        self.port = port
        self.ids = {}  # of requests, as the page has them and as they are here

    def run(self, script):
        """(status, answer); of several commands that of the last."""
        for there, here in self.ids.items():
            script = script.replace(there, here)
        script = script.replace("localhost:8000", f"localhost:{self.port}")
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", CURL + script], capture_output=True,
                              text=True, timeout=60)
        assert done.returncode == 0, f"{script}: {done.stderr}"
        *_, body, status = done.stdout.splitlines()
        return int(status), json.loads(body or "null")

    def check(self, script, text):
        """Fails when the service answers something else; without a text only what is no 2xx."""
        status, answer = self.run(script)
        said = read(text) if text else {}
        refused = isinstance(said, dict) and "type" in said
        assert status == said["status"] if refused else status // 100 == 2, f"{script}: {status} {answer}"
        assert "warnings" in said or not isinstance(answer, dict) or "warnings" not in answer, f"{script}: {answer}"
        wrong = list(differences(said, answer)) if text else []
        assert not wrong, f"{script}: {wrong}"
        if isinstance(said, dict) and "request_id" in said:
            self.ids[said["request_id"]] = answer["request_id"]
