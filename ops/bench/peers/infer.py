#!/usr/bin/env python3
"""Answers by another engine, of the same checkpoint and requests; started by
ops/bench/infer in the peers' virtual environment, and told on stdin when its turn is, like
bench_infer.

    infer.py ENGINE CHECKPOINT REQUESTS BATCH THREADS SECONDS

ENGINE: onnxruntime (IO binding, all graph optimizations), torch (eager) or torch-compile.
All compute what serving needs and no more: the last position only in the last block. The
requests of a batch have one length, so nothing is padded."""
import itertools
import json
import math
import statistics
import sys
import time

import numpy

K, ANSWERS = 10, 16


class Checkpoint:
    """Tensors of a safetensors file, mapped."""

    def __init__(self, path):
        with open(path, "rb") as file:
            length = int.from_bytes(file.read(8), "little")
            self.header = json.loads(file.read(length))
        self.data = numpy.memmap(path, dtype=numpy.uint8, mode="r", offset=8 + length)
        self.shape = json.loads(self.header["__metadata__"]["shape"])

    def __getitem__(self, name):
        tensor = self.header[name]
        begin, end = tensor["data_offsets"]
        kind = {"F32": numpy.float32, "I64": numpy.int64}[tensor["dtype"]]
        return numpy.array(self.data[begin:end]).view(kind).reshape(tensor["shape"])

    def block(self, index, name):
        return self[f"block.{index}.{name}"]


def attention_bias(checkpoint, block, length):
    """Heads x length x length: what is added to the scores, and who is not seen."""
    shape, bias = checkpoint.shape, 0
    if shape["relative_bias"]:
        back = numpy.arange(length)[:, None] - numpy.arange(length)[None, :]
        columns = shape["window"] - 1 - numpy.maximum(back, 0)
        bias = checkpoint.block(block, "attention.relative_bias")[:, columns]
    unseen = numpy.triu(numpy.full((length, length), -1e9, numpy.float32), 1)
    return (numpy.zeros((shape["heads"], 1, 1), numpy.float32) + bias + unseen).astype(
        numpy.float32)


class OnnxRuntime:
    def __init__(self, checkpoint, batch, length, threads):
        import onnx
        import onnxruntime
        self.onnx, self.checkpoint, self.nodes, self.constants = onnx, checkpoint, [], []
        self.batch, self.length, self.numbers = batch, length, itertools.count()
        model = self.model()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        options.add_session_config_entry("session.set_denormal_as_zero", "1")
        self.session = onnxruntime.InferenceSession(model.SerializeToString(), options,
                                                    ["CPUExecutionProvider"])
        value = onnxruntime.OrtValue.ortvalue_from_numpy
        self.tokens = value(numpy.zeros((batch, length), numpy.int64))
        self.items = value(numpy.zeros((batch, K), numpy.int64))
        self.scores = value(numpy.zeros((batch, K), numpy.float32))
        self.binding = self.session.io_binding()
        self.binding.bind_ortvalue_input("tokens", self.tokens)
        self.binding.bind_ortvalue_output("scores", self.scores)
        self.binding.bind_ortvalue_output("items", self.items)

    def add(self, kind, *inputs, **attributes):
        output = attributes.pop("output", f"v{next(self.numbers)}")
        outputs = output if isinstance(output, list) else [output]
        self.nodes.append(self.onnx.helper.make_node(kind, list(inputs), outputs, **attributes))
        return output

    def constant(self, value):
        name = f"c{next(self.numbers)}"
        value = numpy.ascontiguousarray(value)
        self.constants.append(self.onnx.numpy_helper.from_array(value, name))
        return name

    def linear(self, x, weight, bias):
        return self.add("Add", self.add("MatMul", x, self.constant(weight)),
                        self.constant(bias))

    def norm(self, x, gain, bias):
        return self.add("LayerNormalization", x, self.constant(gain), self.constant(bias),
                        axis=-1, epsilon=1e-6)

    def heads(self, x, rows):
        shape = self.checkpoint.shape
        split = self.constant(numpy.array([self.batch, rows, shape["heads"],
                                           shape["width"] // shape["heads"]], numpy.int64))
        return self.add("Reshape", x, split)

    def block(self, x, index, last):
        of, width = self.checkpoint, self.checkpoint.shape["width"]
        weight, bias = of.block(index, "attention.qkv.weight"), of.block(index,
                                                                        "attention.qkv.bias")
        if last:  # the input's last row makes the query, all make keys and values
            normed = self.norm(x, of.block(index, "norm1.gain"), of.block(index, "norm1.bias"))
            parts = [self.constant(numpy.array([value], numpy.int64))
                     for value in (self.length - 1, self.length, 1)]
            x = self.add("Slice", x, *parts)
            query = self.linear(self.add("Slice", normed, *parts), weight[:, :width],
                                bias[:width])
            both = self.linear(normed, weight[:, width:], bias[width:])
            key, value = self.add("Split", both, axis=-1, num_outputs=2,
                                  output=[f"k{index}", f"u{index}"])
        else:
            normed = self.norm(x, of.block(index, "norm1.gain"), of.block(index, "norm1.bias"))
            query, key, value = self.add(
                "Split", self.linear(normed, weight, bias), axis=-1, num_outputs=3,
                output=[f"q{index}", f"k{index}", f"u{index}"])
        rows = 1 if last else self.length
        query = self.add("Transpose", self.heads(query, rows), perm=[0, 2, 1, 3])
        key = self.add("Transpose", self.heads(key, self.length), perm=[0, 2, 3, 1])
        value = self.add("Transpose", self.heads(value, self.length), perm=[0, 2, 1, 3])
        scale = 1 / math.sqrt(width // of.shape["heads"])
        scores = self.add("Mul", self.add("MatMul", query, key),
                          self.constant(numpy.float32(scale)))
        mask = attention_bias(of, index, self.length)[:, -rows:]
        weights = self.add("Softmax", self.add("Add", scores, self.constant(mask)), axis=-1)
        mixed = self.add("Transpose", self.add("MatMul", weights, value), perm=[0, 2, 1, 3])
        mixed = self.add("Reshape", mixed, self.constant(
            numpy.array([self.batch, rows, width], numpy.int64)))
        x = self.add("Add", x, self.linear(mixed, of.block(index, "attention.out.weight"),
                                           of.block(index, "attention.out.bias")))
        inner = self.norm(x, of.block(index, "norm2.gain"), of.block(index, "norm2.bias"))
        inner = self.linear(inner, of.block(index, "ffn.up.weight"),
                            of.block(index, "ffn.up.bias"))
        inner = self.add("Gelu", inner, approximate="tanh")
        return self.add("Add", x, self.linear(inner, of.block(index, "ffn.down.weight"),
                                              of.block(index, "ffn.down.bias")))

    def model(self):
        of, helper, kinds = self.checkpoint, self.onnx.helper, self.onnx.TensorProto
        width, blocks = of.shape["width"], of.shape["blocks"]
        items = of["item"]
        x = self.add("Gather", self.constant(items), "tokens")
        x = self.add("Add", self.add("Mul", x, self.constant(numpy.float32(math.sqrt(width)))),
                     self.constant(of["position"][:self.length]))
        for index in range(blocks):
            x = self.block(x, index, index + 1 == blocks)
        hidden = self.add("Squeeze", self.norm(x, of["norm.gain"], of["norm.bias"]),
                          self.constant(numpy.array([1], numpy.int64)))
        scores = self.add("MatMul", hidden, self.constant(items.T))
        self.add("TopK", scores, self.constant(numpy.array([K], numpy.int64)),
                 output=["scores", "items"])
        graph = helper.make_graph(
            self.nodes, "sasrec",
            [helper.make_tensor_value_info("tokens", kinds.INT64, [self.batch, self.length])],
            [helper.make_tensor_value_info("scores", kinds.FLOAT, [self.batch, K]),
             helper.make_tensor_value_info("items", kinds.INT64, [self.batch, K])],
            self.constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)],
                                 ir_version=9)

    def ask(self, tokens):
        self.tokens.update_inplace(tokens)
        self.session.run_with_iobinding(self.binding)
        return self.items

    @staticmethod
    def rows(items):
        return items.numpy().tolist()


class Torch:
    def __init__(self, checkpoint, _batch, length, threads, compiled=False):
        import torch
        self.torch, self.length = torch, length
        torch.set_num_threads(threads)
        torch.set_flush_denormal(True)
        self.heads = checkpoint.shape["heads"]
        self.items = torch.from_numpy(checkpoint["item"])
        self.table = self.items.T
        self.positions = torch.from_numpy(checkpoint["position"][:length])
        self.blocks = [self.weights(checkpoint, index)
                       for index in range(checkpoint.shape["blocks"])]
        self.norm = [torch.from_numpy(checkpoint[name]) for name in ("norm.gain", "norm.bias")]
        self.run = torch.compile(self.forward) if compiled else self.forward

    def weights(self, checkpoint, index):
        def tensor(name, linear=False):
            value = checkpoint.block(index, name)
            return self.torch.from_numpy(value.T.copy() if linear else value)
        names = {"norm1": "norm1.gain norm1.bias", "norm2": "norm2.gain norm2.bias"}
        block = {key: [tensor(name) for name in value.split()] for key, value in names.items()}
        for name in "attention.qkv", "attention.out", "ffn.up", "ffn.down":
            block[name] = [tensor(f"{name}.weight", True), tensor(f"{name}.bias")]
        block["mask"] = self.torch.from_numpy(attention_bias(checkpoint, index, self.length))
        return block

    def forward(self, tokens):
        functional, width = self.torch.nn.functional, self.items.shape[1]

        def split(x):
            return x.unflatten(-1, (self.heads, -1)).transpose(-3, -2)
        x = self.items[tokens] * math.sqrt(width) + self.positions
        for index, block in enumerate(self.blocks):
            normed = functional.layer_norm(x, (width,), *block["norm1"], 1e-6)
            weight, bias = block["attention.qkv"]
            if index + 1 == len(self.blocks):
                query = functional.linear(normed[:, -1:], weight[:width], bias[:width])
                key, value = functional.linear(normed, weight[width:],
                                               bias[width:]).chunk(2, -1)
                x, mask = x[:, -1:], block["mask"][:, -1:]
            else:
                query, key, value = functional.linear(normed, weight, bias).chunk(3, -1)
                mask = block["mask"]
            mixed = functional.scaled_dot_product_attention(
                split(query), split(key), split(value), attn_mask=mask)
            x = x + functional.linear(mixed.transpose(-3, -2).flatten(-2),
                                      *block["attention.out"])
            inner = functional.layer_norm(x, (width,), *block["norm2"], 1e-6)
            inner = functional.gelu(functional.linear(inner, *block["ffn.up"]),
                                    approximate="tanh")
            x = x + functional.linear(inner, *block["ffn.down"])
        hidden = functional.layer_norm(x[:, 0], (width,), *self.norm, 1e-6)
        return self.torch.topk(hidden @ self.table, K)[1]

    def ask(self, tokens):
        with self.torch.inference_mode():
            return self.run(self.torch.from_numpy(tokens))

    @staticmethod
    def rows(items):
        return items.tolist()


def batches(requests, size):
    at = 0
    while True:
        yield numpy.ascontiguousarray(requests.take(range(at, at + size), 0, mode="wrap"))
        at += size


def main():
    engine, path, requests, batch, threads, seconds = sys.argv[1:]
    batch, threads, seconds = int(batch), int(threads), float(seconds)
    checkpoint = Checkpoint(path)
    ids = checkpoint["item_ids"]
    order = numpy.argsort(ids)
    histories = numpy.loadtxt(requests, dtype=numpy.int64, ndmin=2)
    tokens = order[numpy.searchsorted(ids, histories, sorter=order)]
    length = tokens.shape[1]
    peer = (OnnxRuntime(checkpoint, batch, length, threads) if engine == "onnxruntime" else
            Torch(checkpoint, batch, length, threads, engine == "torch-compile"))
    source = batches(tokens, batch)
    for _ in range(3):
        peer.ask(next(source))
    for line in sys.stdin:
        if line == "answers\n":
            source, rows = batches(tokens, batch), []
            while len(rows) < ANSWERS:
                rows += peer.rows(peer.ask(next(source)))
            print(json.dumps([ids[row].tolist() for row in rows[:ANSWERS]]), flush=True)
            continue
        times, began = [], time.perf_counter()
        while len(times) < 3 or time.perf_counter() - began < seconds:
            asked = next(source)
            start = time.perf_counter()
            peer.ask(asked)
            times.append(time.perf_counter() - start)
        print(json.dumps({"us": statistics.median(times) / batch * 1e6}), flush=True)


if __name__ == "__main__":
    main()
