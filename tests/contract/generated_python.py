"""Makes the calls (calls.py, on standard input) with the client that openapi-python-client has made
in the folder of the first argument; then come the addresses of the service and of its listener for
probes, and a key. Run by a python that has the client's libraries. Prints {operation id: status}."""
import importlib
import inspect
import json
import pathlib
import re
import sys
import typing


def snake(name):
    return re.sub(r"(?<!^)(?=[A-Z])|-", "_", name).lower()


def typed(hint, value):
    """The value as an instance of what the function wants to have."""
    choices = typing.get_args(hint) or (hint,)
    if isinstance(value, dict):
        model = next(choice for choice in choices if hasattr(choice, "from_dict"))
        return model.from_dict(value)
    if isinstance(value, list) and any(isinstance(one, dict) for one in value):
        inner = next(typing.get_args(choice)[0] for choice in choices if typing.get_origin(choice) is list)
        return [typed(inner, one) for one in value]
    return value


def make(package, folder, client, call):
    module = next((folder / "api").glob(f"*/{snake(call['operation_id'])}.py"))
    name = f"{package}.api.{module.parent.name}.{module.stem}"
    function = importlib.import_module(name).sync_detailed
    wanted = inspect.signature(function).parameters
    hints = typing.get_type_hints(function)
    given = {}
    for place in "path", "query", "header":
        for key, value in call["parameters"][place].items():
            argument = next(one for one in (snake(key), f"{snake(key)}_{place}") if one in wanted)
            given[argument] = value
    if call["body"] is not None:
        given["body"] = typed(hints["body"], call["body"])
    answer = function(client=client, **given)
    if "json" in call["media"]:
        assert answer.parsed is not None, f"{call['operation_id']}: {answer.content[:300]}"
    return int(answer.status_code)


def main():
    folder, (service, keeper, key) = pathlib.Path(sys.argv[1]), sys.argv[2:]
    sys.path.insert(0, str(folder.parent))
    client = importlib.import_module(f"{folder.name}.client").AuthenticatedClient
    clients = {False: client(base_url=service, token=key), True: client(base_url=keeper, token=key)}
    calls = json.load(sys.stdin)
    print(json.dumps({call["operation_id"]: make(folder.name, folder, clients[call["elsewhere"]], call)
                      for call in calls}))


main()
