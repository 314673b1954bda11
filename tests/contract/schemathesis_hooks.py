"""What schemathesis is told beside openapi.json: how lines of JSON are written, that lengths are
counted in bytes, that two requests with one Idempotency-Key are meant to be one, and that rules are
kept under no name but ours."""
import json
import re
import uuid

import schemathesis


@schemathesis.serializer("application/x-ndjson")
def lines(_, value):
    elements = value if isinstance(value, list) else [[value]]  # what is no list is not valid
    return "\n".join(map(json.dumps, elements)).encode()


def fits(value):
    """JSON Schema counts characters: whatever is long enough to differ is ASCII here."""
    if isinstance(value, dict):
        return all(fits(key) and fits(one) for key, one in value.items())
    if isinstance(value, list):
        return all(map(fits, value))
    return not isinstance(value, str) or value.isascii() or len(value.encode(errors="replace")) <= 128


@schemathesis.hook
def filter_body(_, value):
    return fits(value)


@schemathesis.hook
def filter_query(_, value):
    return fits(value)


@schemathesis.hook
def filter_path_parameters(_, value):
    return fits(value)


def without_rules(value):
    """Somebody would have to keep rules under this name first."""
    if isinstance(value, list):
        return list(map(without_rules, value))
    if not isinstance(value, dict):
        return value
    return {name: without_rules(one) for name, one in value.items()
            if name != "rules" or not isinstance(one, str) or not re.fullmatch("[0-9A-Za-z._-]{1,64}", one)}


@schemathesis.hook
def before_call(_, case, kwargs):
    key = (case.headers or {}).get("Idempotency-Key")
    if key and re.fullmatch("[!-~]{1,255}", str(key)):
        case.headers["Idempotency-Key"] = str(uuid.uuid4())
    if isinstance(case.query, dict):
        case.query = without_rules(case.query)
    if isinstance(case.body, dict):
        case.body = without_rules(case.body)
