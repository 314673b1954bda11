"""One call of each operation of openapi.json, with the examples that stand there: what the
generated clients are made to do. An operation without an example for what it needs is a fault
of the description."""
import json
from dataclasses import dataclass, field
from typing import Any

from tools import ROOT

DESCRIPTION = ROOT / "actors/http/openapi.json"
METHODS = ("get", "post", "put", "patch", "delete")


@dataclass
class Call:
    operation_id: str
    method: str
    path: str
    body: Any
    media: str  # of the answer
    elsewhere: bool  # only the listener for probes has it
    parameters: dict = field(default_factory=lambda: {"path": {}, "query": {}, "header": {}})


class Description:
    def __init__(self, known):
        """known: values of parameters that only a running service tells, by name, or by the
        operation's and theirs ("asset.name")."""
        self.root = json.loads(DESCRIPTION.read_text())
        self.known = known

    def follow(self, node):
        while "$ref" in node:
            reference, node = node["$ref"], self.root
            for key in reference.removeprefix("#/").split("/"):
                node = node[key]
        return node

    def example(self, holder):
        """Of a parameter or a media type; None when there is none."""
        schema = self.follow(holder.get("schema", {}))
        for place in holder, schema:
            if "example" in place:
                return place["example"]
            examples = place.get("examples")
            if examples:
                return examples[0] if isinstance(examples, list) else next(iter(examples.values()))["value"]
        return schema.get("default")

    def call(self, path, item, method):
        operation = item[method]
        body = self.follow(operation.get("requestBody", {})).get("content", {}).get("application/json")
        answers = next(self.follow(answer) for status, answer in operation["responses"].items()
                       if status.startswith("2"))
        call = Call(operation["operationId"], method, path, body and self.example(body),
                    next(iter(answers.get("content", {"": None}))), "servers" in item)
        assert not body or call.body is not None, f"{call.operation_id}: no example of the body"
        for parameter in map(self.follow, item.get("parameters", []) + operation.get("parameters", [])):
            name = parameter["name"]
            value = self.known.get(f"{call.operation_id}.{name}", self.known.get(name, self.example(parameter)))
            assert value is not None or not parameter.get("required"), f"{call.operation_id}: no example of {name}"
            if value is not None:
                call.parameters[parameter["in"]][name] = value
        return call

    def calls(self):
        """What deletes comes last."""
        return [self.call(path, item, method) for method in METHODS
                for path, item in self.root["paths"].items() if method in item]


def typescript(calls):
    """A program that makes them with openapi-fetch; prints {operation id: status}. Its
    arguments are the addresses of the service and of its listener for probes, and a key."""
    lines = ["import createClient from 'openapi-fetch';", "import type { paths } from './openapi';",
             "declare const process: { argv: string[] };",
             "const key = process.argv[4];",
             "const headers = { Authorization: `Bearer ${key}` };",
             "const [service, keeper] = process.argv.slice(2, 4).map((baseUrl) =>",
             "  createClient<paths>({ baseUrl, headers }));",
             "const made: Record<string, number> = {};"]
    for call in calls:
        options = {"params": {place: values for place, values in call.parameters.items() if values}}
        if call.body is not None:
            options["body"] = call.body
        text = json.dumps({key: value for key, value in options.items() if value})
        if "json" not in call.media:
            text = text[:-1] + (", " if len(text) > 2 else "") + "parseAs: 'text'}"
        lines.append(f"{{ const {{ response }} = await {'keeper' if call.elsewhere else 'service'}"
                     f".{call.method.upper()}({call.path!r}, {text});\n"
                     f"  made[{call.operation_id!r}] = response.status; }}")
    return "\n".join([*lines, "console.log(JSON.stringify(made));", ""])
