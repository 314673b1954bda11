#!/usr/bin/env python3
"""SASRec training steps in PyTorch, for comparison; started by ops/bench/train in the
peers' virtual environment.

    train.py BATCHES RECIPE VARIANT SECONDS

BATCHES: a file of bench_train --dump. RECIPE: JSON as bench_train tells it. VARIANTs:
  padded            (users, window) with a causal mask, dropout on the attention weights
                    as in the paper's code
  padded_no_attn    the same without dropout on the attention weights, as ours
  packed            no padding: linear layers over all tokens at once, attention per user,
                    no dropout on the attention weights
Prints JSON."""
import json
import math
import struct
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn


def read_batches(path):
    data = open(path, "rb").read()
    words = struct.unpack(f"={len(data) // 4}i", data)
    at, batches = 0, []
    while words[at] >= 0:
        count, at, users = words[at], at + 1, []
        for _ in range(count):
            length = words[at]
            users.append(words[at + 1:at + 2 + length])
            at += 2 + length
        batches.append(users)
    return batches


class Block(nn.Module):
    def __init__(self, d, heads, factor, dropout):
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.norm1, self.norm2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.qkv, self.out = nn.Linear(d, 3 * d), nn.Linear(d, d)
        self.up, self.down = nn.Linear(d, factor * d), nn.Linear(factor * d, d)

    def attend(self, q, k, v, drop):
        q, k, v = (t.unflatten(-1, (self.heads, -1)).transpose(-3, -2) for t in (q, k, v))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True,
                                           dropout_p=self.dropout if drop else 0.0)
        return y.transpose(-3, -2).flatten(-2)

    def forward(self, x, offsets, drop):
        q, k, v = self.qkv(self.norm1(x)).chunk(3, -1)
        if offsets is None:
            mixed = self.attend(q, k, v, drop)
        else:
            mixed = torch.cat([self.attend(q[a:b], k[a:b], v[a:b], drop)
                               for a, b in zip(offsets, offsets[1:])])
        x = x + F.dropout(self.out(mixed), self.dropout)
        y = F.dropout(F.gelu(self.up(self.norm2(x)), approximate="tanh"), self.dropout)
        return x + F.dropout(self.down(y), self.dropout)


class Network(nn.Module):
    def __init__(self, recipe):
        super().__init__()
        d = recipe["width"]
        self.dropout, self.scale = recipe["dropout"], math.sqrt(d)
        self.items = nn.Embedding(recipe["items"] + 1, d)  # the last one pads
        self.positions = nn.Embedding(recipe["window"], d)
        nn.init.normal_(self.items.weight, std=0.02)
        nn.init.normal_(self.positions.weight, std=0.02)
        self.blocks = nn.ModuleList(Block(d, recipe["heads"], recipe["ffn_factor"],
                                          self.dropout) for _ in range(recipe["blocks"]))
        self.norm = nn.LayerNorm(d)

    def forward(self, tokens, positions, offsets, drop):
        x = self.items(tokens) * self.scale + self.positions(positions)
        x = F.dropout(x, self.dropout)
        for block in self.blocks:
            x = block(x, offsets, drop)
        return self.norm(x)


def tensors(users, recipe, packed):
    """tokens, positions, offsets, targets, mask (padded: which places are real). Padding
    is behind, so a causal network sees the same in both forms."""
    if packed:
        offsets = [0]
        for user in users:
            offsets.append(offsets[-1] + len(user) - 1)
        return (torch.tensor([i for u in users for i in u[:-1]]),
                torch.cat([torch.arange(len(u) - 1) for u in users]), offsets,
                torch.tensor([i for u in users for i in u[1:]]), None)
    window = max(len(u) - 1 for u in users)
    pad = recipe["items"]
    tokens = torch.full((len(users), window), pad)
    targets = torch.full((len(users), window), pad)
    for row, user in enumerate(users):
        tokens[row, :len(user) - 1] = torch.tensor(user[:-1])
        targets[row, :len(user) - 1] = torch.tensor(user[1:])
    return tokens, torch.arange(window).expand_as(tokens), None, targets, targets != pad


def loss(network, hidden, targets, recipe):
    items = network.items.weight
    if recipe["loss"] == "full":
        return F.cross_entropy(hidden @ items[:-1].T, targets)
    others = torch.randint(recipe["items"], targets.shape)
    if recipe["loss"] == "bce":
        own = (hidden * network.items(targets)).sum(-1)
        other = (hidden * network.items(others)).sum(-1)
        return (F.softplus(-own) + F.softplus(other)).mean()
    drawn = torch.randperm(recipe["items"])[:recipe["negatives"]]
    raised = hidden @ items[drawn].T + math.log((recipe["items"] - 1) / len(drawn))
    own = (hidden * network.items(targets)).sum(-1, keepdim=True)
    return F.cross_entropy(torch.cat([own, raised], 1), torch.zeros_like(targets))


def main():
    path, recipe, variant, limit = sys.argv[1], json.loads(sys.argv[2]), *sys.argv[3:5]
    torch.manual_seed(1)
    torch.set_num_threads(2)
    batches = [tensors(users, recipe, variant == "packed") for users in read_batches(path)]
    network = Network(recipe)
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-4, betas=(0.9, 0.98), fused=True)

    def step(batch):
        tokens, positions, offsets, targets, mask = batch
        optimiser.zero_grad(set_to_none=True)
        hidden = network(tokens, positions, offsets, variant == "padded")
        if mask is not None:
            hidden, targets = hidden[mask], targets[mask]
        loss(network, hidden, targets, recipe).backward()
        optimiser.step()
        return len(targets)

    for batch in batches[:2]:
        step(batch)
    done, wall, cpu = 0, time.monotonic(), time.process_time()
    while time.monotonic() - wall < float(limit):
        for batch in batches:
            done += step(batch)
            if time.monotonic() - wall >= float(limit):
                break
    wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    print(json.dumps({"variant": variant, "torch": torch.__version__,
                      "positions_per_second": round(done / wall),
                      "positions_per_cpu_second": round(done / cpu)}))


if __name__ == "__main__":
    main()
