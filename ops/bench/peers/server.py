#!/usr/bin/env python3
"""POST /recommend as a Python service does it at its best: FastAPI without models of the
body, uvicorn on uvloop and httptools, orjson, ONNX Runtime on one thread; started by
ops/bench/http, one process a core.

    server.py CHECKPOINT HISTORY PORT

Histories have HISTORY items: the session is made for that length. Answers when it can."""
import sys

import numpy
import orjson
import uvicorn
from fastapi import FastAPI, Request, Response

from infer import Checkpoint, OnnxRuntime

application = FastAPI(openapi_url=None)


def main():
    path, length, port = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    checkpoint = Checkpoint(path)
    ids = checkpoint["item_ids"]
    token = {item: index for index, item in enumerate(ids.tolist())}
    engine = OnnxRuntime(checkpoint, 1, length, 1)

    @application.post("/recommend")
    async def recommend(request: Request):
        history = orjson.loads(await request.body())["history"]
        items = engine.ask(numpy.array([[token[item] for item in history]], numpy.int64))
        return Response(orjson.dumps({
            "item_ids": ids[items.numpy()[0]].tolist(),
            "scores": engine.scores.numpy()[0].tolist()}), media_type="application/json")

    uvicorn.run(application, host="127.0.0.1", port=port, log_level="error",
                access_log=False, loop="uvloop", http="httptools")


if __name__ == "__main__":
    main()
