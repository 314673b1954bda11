# SPDX-License-Identifier: Apache-2.0
"""A client of sasrec, the recommender service: one file, the standard library alone.

    from sasrec_client import Client

    sasrec = Client("http://localhost:8000")
    for item, score in sasrec.recommend(user_id="user_7", k=5):
        print(item, score)

Answers are small frozen classes; `raw` has all of the answer, also what a later release
adds. What goes wrong is an Error: a Problem when the service says no (RFC 9457: `type`,
`detail`, and `errors` that name the field), Unreachable when it says nothing.

A request is sent again when that cannot do anything twice: when the service said that it
did nothing (429, 503), when it only reads, or when it carries something that makes the
second one count for nothing (an Idempotency-Key, the event_id of an interaction).

A client may be used by many threads. It keeps connections open: close() it, or use it in a
`with` statement.
"""
from __future__ import annotations

import contextlib
import http.client
import json
import random
import selectors
import socket
import ssl
import threading
import time
import urllib.parse
import uuid
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Optional, Sequence, Tuple, Type, Union

__version__ = "0.1.0"
__all__ = ["Added", "Client", "Error", "Event", "Explanation", "Explanations", "Item", "ItemId", "Job",
           "JobError", "Popular", "Problem", "Reason", "Recommendation", "Scores", "Similar", "Unreachable"]

Json = Dict[str, Any]
ItemId = Union[int, str]
"""An item: its number, or its key where the catalogue has keys."""

_WAIT_MOST_S = 30  # the service holds an answer back no longer
_PAUSE_MOST_S = 5.0  # between two tries


# Errors


class Error(Exception):
    """Whatever goes wrong here."""


class Unreachable(Error):
    """No answer came: no connection, or it broke. Whether anything was done is not known."""


class Problem(Error):
    """The service says no, and why.

    status: of HTTP; type: the kind, "invalid-field"; title, detail: sentences;
    errors: each {"detail", and "pointer" into the body or "parameter" of the URL};
    request_id: to find it in the service's log; retry_after: seconds, or None; raw: all of it.
    """

    def __init__(self, status: int, raw: Json, retry_after: Optional[float] = None) -> None:
        self.status = status
        self.raw = raw
        self.type = str(raw.get("type", "")).rpartition("/")[2]
        self.title = str(raw.get("title") or f"HTTP status {status}")
        self.detail = str(raw.get("detail", ""))
        self.errors: List[Json] = list(raw.get("errors", []))
        self.request_id: Optional[str] = raw.get("request_id")
        self.retry_after = retry_after
        super().__init__(f"{self.title}: {self.detail}" if self.detail else self.title)


class JobError(Error):
    """A job ended without a result, or has not ended yet; `job` says which."""

    def __init__(self, job: Job) -> None:
        self.job = job
        super().__init__(f"request {job.request_id} is {job.status}" + (f": {job.error}" if job.error else ""))


# Answers


@dataclass(frozen=True)
class Item:
    """An item of the catalogue; what it has besides is in raw."""

    item_id: int
    key: Optional[str]  # where the catalogue has keys
    title: Optional[str]
    category: Optional[str]  # the first of categories
    categories: List[str]
    hidden: bool
    in_model: bool  # one that is not in the model yet is not recommended
    raw: Json

    @classmethod
    def _of(cls, raw: Json) -> Item:
        return cls(raw["item_id"], raw.get("item_key"), raw["title"], raw["category"],
                   raw["categories"] or [], raw["hidden"], raw["in_model"], raw)


@dataclass(frozen=True)
class _Items:
    """Items in their order."""

    item_ids: List[int]
    item_keys: Optional[List[Optional[str]]]  # beside item_ids, where the catalogue has keys
    items: Optional[List[Optional[Item]]]  # the same with expand=True, None of those without a row
    raw: Json

    @property
    def names(self) -> List[ItemId]:
        """What the items are called: by their keys, where they have one."""
        return _names(self.item_ids, self.item_keys)

    def __len__(self) -> int:
        return len(self.item_ids)


@dataclass(frozen=True)
class Recommendation(_Items):
    """Items, the best first, and what made them. Iterates over (name, score)."""

    scores: List[float]
    source: str  # "model", or "popular": nothing of the history was known
    model_version: str
    history_used: int
    unknown_dropped: int
    warnings: List[Json]  # fields of the request that the service does not know

    @classmethod
    def _of(cls, raw: Json) -> Recommendation:
        result: Json = raw.get("result", raw)
        return cls(result["item_ids"], result.get("item_keys"), _expanded(raw), raw, result["scores"],
                   result["source"], result["model_version"], result["history_used"],
                   result["unknown_dropped"], raw.get("warnings", []))

    def __iter__(self) -> Iterator[Tuple[ItemId, float]]:
        return iter(zip(self.names, self.scores))


@dataclass(frozen=True)
class Scores(_Items):
    """What the model makes of given items. Iterates over (name, score); None: the model does
    not know the item."""

    scores: List[Optional[float]]
    source: str
    model_version: str

    def __iter__(self) -> Iterator[Tuple[ItemId, Optional[float]]]:
        return iter(zip(self.names, self.scores))


@dataclass(frozen=True)
class Reason:
    """An item of the history, and the score with it less the score without."""

    name: ItemId
    change: Optional[float]  # None: nothing is left without it
    raw: Json


@dataclass(frozen=True)
class Explanation:
    """An item, its score, and which items of the history carry it, the strongest first."""

    name: ItemId
    score: float
    reasons: List[Reason]
    raw: Json

    @classmethod
    def _of(cls, raw: Json) -> Explanation:
        return cls(_name(raw), raw["score"],
                   [Reason(_name(one), one["change"], one) for one in raw["reasons"]], raw)


@dataclass(frozen=True)
class Explanations:
    """Iterates over the explanations."""

    explanations: List[Explanation]
    unknown_items: List[int]  # of those that were given
    left_out: int  # so many items of the history, one at a time
    source: str
    model_version: str
    raw: Json

    def __iter__(self) -> Iterator[Explanation]:
        return iter(self.explanations)


@dataclass(frozen=True)
class Job:
    """A request that was accepted: PENDING, COMPLETED, FAILED or EXPIRED."""

    request_id: str
    status: str
    result: Optional[Recommendation]
    error: Optional[str]
    raw: Json

    @classmethod
    def _of(cls, raw: Json) -> Job:
        result = raw.get("result")
        return cls(raw["request_id"], raw["status"], Recommendation._of(result) if result else None,
                   raw.get("error"), raw)

    @property
    def ended(self) -> bool:
        return self.status != "PENDING"


@dataclass(frozen=True)
class Similar(_Items):
    """Items that are chosen after the same histories. Iterates over (name, cosine)."""

    scores: List[float]
    model_version: str

    def __iter__(self) -> Iterator[Tuple[ItemId, float]]:
        return iter(zip(self.names, self.scores))


@dataclass(frozen=True)
class Popular(_Items):
    """What was chosen most. Iterates over (name, count)."""

    counts: List[int]

    def __iter__(self) -> Iterator[Tuple[ItemId, int]]:
        return iter(zip(self.names, self.counts))


@dataclass(frozen=True)
class Added:
    """What became of interactions: duplicates had been there before."""

    received: int
    added: int
    duplicates: int
    warnings: List[Json]


@dataclass(frozen=True)
class Event:
    """One of a stream: its name, its data (JSON, read), its id if it has one."""

    name: str
    data: Any
    id: Optional[str]


# The client


class Client:
    """Speaks to one service.

    url: "http://host:port", with a prefix where a proxy gives it one; key: an API key, sent as
    "Authorization: Bearer"; timeout: seconds that an answer may take; retries: how often a
    request may be sent again; context: of TLS, where the default will not do.
    """

    def __init__(self, url: str = "http://localhost:8000", *, key: Optional[str] = None,
                 timeout: float = 10.0, retries: int = 2,
                 context: Optional[ssl.SSLContext] = None) -> None:
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url!r} is no http:// or https:// URL")
        self._host, self._port = parts.hostname, parts.port
        self._prefix = parts.path.rstrip("/")
        self._tls = (context or ssl.create_default_context()) if parts.scheme == "https" else None
        self._key, self._timeout, self._retries = key, timeout, retries
        self._idle: List[http.client.HTTPConnection] = []
        self._lock = threading.Lock()

    def close(self) -> None:
        """Closes the connections that are kept; the client may be used again."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        self.close()

    # At once

    def recommend(self, history: Optional[Sequence[ItemId]] = None, *, user_id: Optional[str] = None,
                  k: int = 10, expand: bool = False, **more: Any) -> Recommendation:
        """What next: for a history (items, the oldest first), or for what is stored of a user;
        with append=True for both. expand: with titles and all the catalogue has of the items.
        more: other fields of the request: exclude, allow, categories, seen, min_score,
        diversity, popularity, include_hidden, rules."""
        raw = self._ask("/recommend", _asked(history, user_id, k, more), expand)
        return Recommendation._of(raw)

    def recommend_batch(self, requests: Iterable[Mapping[str, Any]], *,
                        expand: bool = False) -> List[Union[Recommendation, Problem]]:
        """Up to 1,000 bodies of recommend() as mappings; an answer or a Problem for each, in
        their order."""
        answer = self._ask("/recommend/batch", {"requests": list(requests)}, expand)
        return [Recommendation._of(result) if result["status"] == 200 else Problem(result["status"], result)
                for result in answer["results"]]

    def score(self, items: Iterable[ItemId], history: Optional[Sequence[ItemId]] = None, *,
              user_id: Optional[str] = None, ranked: bool = False, expand: bool = False,
              **more: Any) -> Scores:
        """What the model makes of up to 1,000 items that something else has chosen, in their
        order, or best first."""
        body = _whose(history, user_id, more)
        body.update(items=list(items), order="ranked" if ranked else "given")
        raw = self._ask("/score", body, expand)
        return Scores(raw["item_ids"], raw.get("item_keys"), _expanded(raw), raw, raw["scores"],
                      raw["source"], raw["model_version"])

    def explain(self, history: Optional[Sequence[ItemId]] = None, *, user_id: Optional[str] = None,
                k: int = 10, items: Optional[Iterable[ItemId]] = None, reasons: int = 5,
                expand: bool = False, **more: Any) -> Explanations:
        """Which items of the history carry what recommend() answers (at most 100), or these
        items. more: as of recommend()."""
        body = _asked(history, user_id, k, more)
        body["reasons"] = reasons
        if items is not None:
            body["items"] = list(items)
        raw = self._ask("/explain", body, expand)
        return Explanations([Explanation._of(one) for one in raw["explanations"]], raw["unknown_items"],
                            raw["left_out"], raw["source"], raw["model_version"], raw)

    def similar(self, item: ItemId, k: int = 10, *, expand: bool = False) -> Similar:
        """Items that are like this one."""
        raw = self.request("GET", f"/items/{_quote(item)}/similar", query={"k": k, **_expand(expand)})
        return Similar(raw["item_ids"], raw.get("item_keys"), _expanded(raw), raw, raw["scores"],
                       raw["model_version"])

    def popular(self, *, days: int = 7, category: Optional[str] = None, k: int = 10,
                expand: bool = False) -> Popular:
        """What was chosen most in the last days."""
        raw = self.request("GET", "/popular", query={"days": days, "category": category, "k": k,
                                                     **_expand(expand)})
        return Popular(raw["item_ids"], raw.get("item_keys"), _expanded(raw), raw, raw["counts"])

    def _ask(self, path: str, body: Json, expand: bool) -> Json:
        return dict(self.request("POST", path, body, query=_expand(expand), again=True))

    # Jobs

    def predict(self, history: Optional[Sequence[ItemId]] = None, *, user_id: Optional[str] = None,
                k: int = 10, idempotency_key: Optional[str] = None, **more: Any) -> str:
        """Accepts a job, which will end whatever happens then; its request id. Two calls with
        one idempotency_key are one job."""
        key = idempotency_key or str(uuid.uuid4())
        answer = self.request("POST", "/predict", _asked(history, user_id, k, more),
                              headers={"Idempotency-Key": key}, again=True)
        return str(answer["request_id"])

    def job(self, request_id: str, wait: float = 0) -> Job:
        """The job as it is; with wait as it is once it has ended, or after so many seconds."""
        end = time.monotonic() + wait
        while True:
            left = min(max(end - time.monotonic(), 0), _WAIT_MOST_S)
            prefer = {"Prefer": f"wait={max(round(left), 1)}"} if wait > 0 else {}
            job = Job._of(self.request("GET", f"/result/{_quote(request_id)}", headers=prefer,
                                       timeout=self._timeout + left))
            if job.ended or time.monotonic() >= end:
                return job

    def predict_and_wait(self, history: Optional[Sequence[ItemId]] = None, *, timeout: float = 30.0,
                         **more: Any) -> Recommendation:
        """predict() and its result. JobError when there is none, or none in time."""
        job = self.job(self.predict(history, **more), timeout)
        if job.result is None or not job.ended:
            raise JobError(job)
        return job.result

    def watch(self, request_id: str) -> Iterator[Event]:
        """What happens to a job, from now on: "result" when it is heard, also when that was
        before, then "ended" when it is committed."""
        for event in self._stream({"request_id": request_id}, None):
            yield event
            if event.name == "ended":
                return
        raise Unreachable("the stream broke off before the job had ended")

    def events(self, last_id: Optional[str] = None) -> Iterator[Event]:
        """What happens to the service: "health", "model", "stats". Endless: a stream that breaks
        is opened again, behind the last id."""
        tries = 0
        while True:
            try:
                for event in self._stream({}, last_id):
                    last_id, tries = event.id or last_id, 0
                    yield event
            except (Unreachable, Problem) as error:
                tries += 1
                if tries > self._retries or isinstance(error, Problem) and not _may_pass(error):
                    raise
            time.sleep(_pause(tries, None))

    # Data

    def add_interactions(self, interactions: Union[Mapping[str, Any], Iterable[Mapping[str, Any]]]) -> Added:
        """What users did: one mapping or several, each {"user_id", "item_id"} and what else
        there is (created_at, event_id). All of it is stored when this returns, or nothing. An
        event_id is given to those that have none, so that sending them again adds nothing."""
        several = [interactions] if isinstance(interactions, Mapping) else list(interactions)
        events = [{"event_id": str(uuid.uuid4()), **one} for one in several]
        raw = self.request("POST", "/interactions", events, again=True)
        return Added(raw["received"], raw["added"], raw["duplicates"], raw.get("warnings", []))

    def users(self, prefix: str = "") -> Iterator[str]:
        """All user ids, in natural order, a page at a time."""
        after: Optional[str] = None
        while True:
            page = self.request("GET", "/users", query={"prefix": prefix or None, "after": after,
                                                        "limit": 10000})
            yield from page
            if len(page) < 10000:
                return
            after = page[-1]

    def history(self, user_id: str, limit: Optional[int] = None) -> List[ItemId]:
        """The items of a user, by their keys where they have one, the oldest first; of the newest
        so many."""
        raw = self.request("GET", f"/users/{_quote(user_id)}/history", query={"limit": limit})
        return _names(raw["items"], raw.get("item_keys"))

    def forget_user(self, user_id: str) -> Json:
        """Deletes all that is stored of a person; how many rows that were."""
        return dict(self.request("DELETE", f"/users/{_quote(user_id)}"))

    # The catalogue

    def items(self, items: Iterable[ItemId]) -> Dict[ItemId, Item]:
        """What the catalogue has of these (at most 1,000), under the names that were given; of
        those it has."""
        named = list(items)
        found: Dict[ItemId, Item] = {}
        for raw in self.request("GET", "/items", query={"ids": named}):
            item = Item._of(raw)
            found.update({item.item_id: item, str(item.item_id): item, item.key or item.item_id: item})
        return {name: found[name] for name in named if name in found}

    def find_items(self, words: str, limit: int = 20) -> List[Item]:
        """Items in whose title each of the words begins a word, at most 100."""
        answer = self.request("GET", "/items", query={"query": words, "limit": limit})
        return [Item._of(raw) for raw in answer]

    def all_items(self) -> Iterator[Item]:
        """The whole catalogue by item_id, a page at a time."""
        after: Optional[int] = None
        while True:
            page = self.request("GET", "/items", query={"after": after, "limit": 100})
            yield from map(Item._of, page)
            if len(page) < 100:
                return
            after = page[-1]["item_id"]

    def item(self, item: ItemId) -> Item:
        """One of the catalogue; a Problem of type no-item when there is none."""
        return Item._of(self.request("GET", f"/items/{_quote(item)}"))

    def put_item(self, item: ItemId, **fields: Any) -> Item:
        """Puts an item into the catalogue in place of what was there: title, categories, hidden,
        available_from, expires_at, attributes, image_url."""
        return Item._of(self.request("PUT", f"/items/{_quote(item)}", fields))

    def put_items(self, items: Iterable[Mapping[str, Any]]) -> int:
        """Many at once, each with its item_id (a number or a key), all or nothing; how many are
        new. A body has at most 256 KiB."""
        return int(self.request("POST", "/items", list(items), again=True)["created"])

    def patch_item(self, item: ItemId, **fields: Any) -> Item:
        """Changes these fields alone; None takes one away."""
        return Item._of(self.request("PATCH", f"/items/{_quote(item)}", fields, again=True))

    def delete_item(self, item: ItemId) -> None:
        """It is not recommended from now on, until it is put again."""
        self.request("DELETE", f"/items/{_quote(item)}")

    # Rules under a name, for rules="name" of a request

    def rule_sets(self) -> List[str]:
        """The names there are."""
        return [raw["name"] for raw in self.request("GET", "/rules")]

    def rules(self, name: str) -> Json:
        """What is kept under the name: exclude, allow, categories, ..."""
        return dict(self.request("GET", f"/rules/{_quote(name)}")["rules"])

    def put_rules(self, name: str, **rules: Any) -> None:
        """Keeps these rules under the name, in place of others; from the next request on."""
        self.request("PUT", f"/rules/{_quote(name)}", rules)

    def delete_rules(self, name: str) -> None:
        """Requests that name them are refused from now on."""
        self.request("DELETE", f"/rules/{_quote(name)}")

    # The service

    def models(self) -> Json:
        """The version in use, and the checkpoints there are."""
        return dict(self.request("GET", "/models"))

    def reload_model(self) -> str:
        """Looks for a new model now; the version that is in use then."""
        return str(self.request("POST", "/models/reload", again=True, timeout=self._timeout + 20)["version"])

    def version(self) -> Json:
        """Versions of the program and the model."""
        return dict(self.request("GET", "/version"))

    def ready(self) -> bool:
        """The service can do its work."""
        try:
            self.request("GET", "/readyz")
        except Problem as problem:
            if problem.status != 503:
                raise
            return False
        return True

    def openapi(self) -> Json:
        """The description of all there is."""
        return dict(self.request("GET", "/openapi.json"))

    # What all of them do

    def request(self, method: str, path: str, body: Any = None, *, query: Optional[Mapping[str, Any]] = None,
                headers: Optional[Mapping[str, str]] = None, again: Optional[bool] = None,
                timeout: Optional[float] = None) -> Any:
        """Any request of the API, for what has no method here. The answer: JSON that was read,
        else a text. query: None leaves a parameter out, a list repeats it. again: it may be
        sent twice (as all may that only read, or say what is to be)."""
        target = path + _query(query)
        data = None if body is None else json.dumps(body).encode()
        again = method in ("GET", "HEAD", "PUT", "DELETE") if again is None else again
        for tries in range(self._retries + 1):
            last = tries == self._retries
            wait: Optional[float] = None
            try:
                return self._once(method, target, data, dict(headers or {}), timeout or self._timeout)
            except Problem as problem:
                if last or not _may_pass(problem):
                    raise
                wait = problem.retry_after
            except Unreachable:
                if last or not again:
                    raise
            time.sleep(_pause(tries + 1, wait))
        raise AssertionError("the last try returns or raises")

    def _once(self, method: str, target: str, data: Optional[bytes], headers: Dict[str, str],
              timeout: float) -> Any:
        connection = self._take(timeout)
        try:
            answer = self._send(connection, method, target, data, headers)
            text = answer.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise Unreachable(f"{method} {target}: {error or type(error).__name__}") from error
        self._give(connection, answer)
        return _read(answer, text)

    def _send(self, connection: http.client.HTTPConnection, method: str, target: str,
              data: Optional[bytes], headers: Dict[str, str]) -> http.client.HTTPResponse:
        headers.setdefault("User-Agent", f"sasrec-client-python/{__version__}")
        if data is not None:
            headers.setdefault("Content-Type", "application/json")
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        connection.request(method, self._prefix + target, data, headers)
        return connection.getresponse()

    def _stream(self, query: Mapping[str, Any], last_id: Optional[str]) -> Iterator[Event]:
        connection = self._open(max(self._timeout, 30.0))  # a sign of life comes every 10 s
        headers = {"Accept": "text/event-stream"}
        if last_id is not None:
            headers["Last-Event-ID"] = last_id
        with contextlib.closing(connection):
            try:
                answer = self._send(connection, "GET", "/events" + _query(query), None, headers)
                if answer.status != 200:
                    _read(answer, answer.read())
                yield from _events(answer)
            except (OSError, http.client.HTTPException) as error:
                raise Unreachable(f"GET /events: {error or type(error).__name__}") from error

    # Connections

    def _open(self, timeout: float) -> http.client.HTTPConnection:
        if self._tls:
            return http.client.HTTPSConnection(self._host, self._port, timeout=timeout, context=self._tls)
        return http.client.HTTPConnection(self._host, self._port, timeout=timeout)

    def _take(self, timeout: float) -> http.client.HTTPConnection:
        """One that is kept, unless the service has closed it: then it can be read."""
        while True:
            with self._lock:
                connection = self._idle.pop() if self._idle else None
            if connection is None:
                return self._open(timeout)
            if connection.sock and not _readable(connection.sock):
                connection.timeout = timeout
                connection.sock.settimeout(timeout)
                return connection
            connection.close()

    def _give(self, connection: http.client.HTTPConnection, answer: http.client.HTTPResponse) -> None:
        if answer.will_close:
            connection.close()
            return
        with self._lock:
            self._idle.append(connection)


def _readable(sock: socket.socket) -> bool:
    with selectors.DefaultSelector() as selector:
        selector.register(sock, selectors.EVENT_READ)
        return bool(selector.select(0))


def _name(raw: Json) -> ItemId:
    name: ItemId = raw["item_key"] if "item_key" in raw else raw["item_id"]
    return name


def _names(item_ids: List[int], item_keys: Optional[List[Optional[str]]]) -> List[ItemId]:
    return [item_id if key is None else key
            for item_id, key in zip(item_ids, item_keys or [None] * len(item_ids))]


def _expand(wanted: bool) -> Json:
    return {"expand": "items"} if wanted else {}


def _expanded(raw: Json) -> Optional[List[Optional[Item]]]:
    items = raw.get("items")
    return None if items is None else [Item._of(item) if item else None for item in items]


def _asked(history: Optional[Sequence[ItemId]], user_id: Optional[str], k: int, more: Mapping[str, Any]) -> Json:
    return {"k": k, **_whose(history, user_id, more)}


def _whose(history: Optional[Sequence[ItemId]], user_id: Optional[str], more: Mapping[str, Any]) -> Json:
    body: Json = dict(more)
    if history is not None:
        body["history"] = list(history)
    if user_id is not None:
        body["user_id"] = user_id
    return body


def _quote(segment: object) -> str:
    return urllib.parse.quote(str(segment), safe="")


def _query(query: Optional[Mapping[str, Any]]) -> str:
    given = {name: value for name, value in (query or {}).items() if value is not None}
    return "?" + urllib.parse.urlencode(given, doseq=True) if given else ""


def _may_pass(problem: Problem) -> bool:
    """Nothing was done, and later it may be."""
    return problem.status in (429, 503)


def _pause(tries: int, wanted: Optional[float]) -> float:
    """Seconds before the next try: as long as the service wants, else doubling, never in step
    with others."""
    if wanted is not None:
        return min(wanted, _PAUSE_MOST_S)
    return float(min(0.1 * 2 ** tries, _PAUSE_MOST_S) * random.uniform(0.5, 1.0))


def _read(answer: http.client.HTTPResponse, text: bytes) -> Any:
    """The answer's value; a Problem is raised."""
    is_json = "json" in (answer.getheader("Content-Type") or "")
    try:
        value: Any = json.loads(text) if is_json and text else text.decode(errors="replace")
    except ValueError as error:
        raise Error(f"an answer of status {answer.status} that is no JSON: {error}") from error
    if answer.status < 400:
        return value
    after = answer.getheader("Retry-After") or ""
    raw = value if isinstance(value, dict) else {"detail": str(value)[:200]}
    raise Problem(answer.status, raw, float(after) if after.isdigit() else None)


def _events(lines: Iterable[bytes]) -> Iterator[Event]:
    """Server-sent events as the HTML standard has them; comments are signs of life."""
    name, data, last_id = "", [], None  # type: str, List[str], Optional[str]
    for line in lines:
        text = line.decode().rstrip("\r\n")
        field, _, value = text.partition(":")
        value = value[1:] if value.startswith(" ") else value
        if not text:
            if data:
                yield Event(name or "message", json.loads("\n".join(data)), last_id)
            name, data = "", []
        elif field == "event":
            name = value
        elif field == "data":
            data.append(value)
        elif field == "id":
            last_id = value
