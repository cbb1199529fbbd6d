"""A workload's network as PyTorch modules that return logits; initial values as in Keras."""

from __future__ import annotations

import math


def model_of(torch, workload):
    """An `nn.Sequential`, channels first."""
    nn, parts = torch.nn, []
    shape = workload.shape  # of a sample, as the workload has it: channels last
    for kind, *settings in workload.layers:
        made, shape = PARTS[kind](torch, shape, *settings)
        parts += made
    for module in parts:
        glorot(torch, module)
    return nn.Sequential(*parts)


def glorot(torch, module):
    """Keras's first values."""
    nn = torch.nn
    for m in module.modules():
        if isinstance(m, (nn.Linear, nn.Conv2d)):
            nn.init.xavier_uniform_(m.weight)
            if m.bias is not None:
                nn.init.zeros_(m.bias)
        elif isinstance(m, nn.Embedding):
            nn.init.uniform_(m.weight, -0.05, 0.05)
        elif isinstance(m, nn.RNNBase):
            for name, value in m.named_parameters():
                if name.startswith("weight_ih"):
                    nn.init.xavier_uniform_(value)
                elif name.startswith("weight_hh"):
                    nn.init.orthogonal_(value)
                else:
                    nn.init.zeros_(value)
            if isinstance(m, nn.LSTM):  # the gates stand in the order i, f, g, o
                nn.init.ones_(m.bias_ih_l0[m.hidden_size : 2 * m.hidden_size])


def activation(torch, name):
    """A module, or none at the end: the loss takes logits."""
    known = {"relu": torch.nn.ReLU, "tanh": torch.nn.Tanh}
    return [known[name]()] if name in known else []


def dense(torch, shape, units, act):
    return [torch.nn.Linear(shape[-1], units), *activation(torch, act)], (*shape[:-1], units)


def dropout(torch, shape, rate):
    return [torch.nn.Dropout(rate)], shape


def conv(torch, shape, filters, width, padding, act):
    h, w, channels = shape
    made = torch.nn.Conv2d(channels, filters, width, padding=padding)
    less = 0 if padding == "same" else width - 1
    return [made, *activation(torch, act)], (h - less, w - less, filters)


def conv_norm(torch, shape, filters, width):
    nn = torch.nn
    made = nn.Conv2d(shape[-1], filters, width, padding="same", bias=False)
    return [made, nn.BatchNorm2d(filters, eps=1e-3, momentum=0.01), nn.ReLU()], (
        *shape[:-1],
        filters,
    )


def pool(torch, shape, how, width):
    made = (torch.nn.MaxPool2d if how == "max" else torch.nn.AvgPool2d)(width)
    return [made], (shape[0] // width, shape[1] // width, shape[2])


def flatten(torch, shape):
    return [torch.nn.Flatten()], (math.prod(shape),)


def average(torch, shape):
    class Average(torch.nn.Module):
        axes = (2, 3) if len(shape) == 3 else (1,)

        def forward(self, x):
            return x.mean(self.axes)

    return [Average()], shape[-1:]


def _recurrent(name):
    def made(torch, shape, units):
        class Last(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.inside = getattr(torch.nn, name)(shape[-1], units, batch_first=True)

            def forward(self, x):
                return self.inside(x)[0][:, -1]

        return [Last()], (units,)

    return made


def embedding(torch, shape, vocabulary, width):
    return [torch.nn.Embedding(vocabulary, width)], (*shape, width)


def positions(torch, shape):
    class Positions(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.table = torch.nn.Parameter(torch.empty(shape))
            torch.nn.init.xavier_uniform_(self.table)

        def forward(self, x):
            return x + self.table

    return [Positions()], shape


def block(torch, shape, heads, width):
    nn, d = torch.nn, shape[-1]

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.before, self.between = nn.LayerNorm(d, eps=1e-3), nn.LayerNorm(d, eps=1e-3)
            self.qkv, self.out = nn.Linear(d, 3 * d), nn.Linear(d, d)
            self.wide, self.narrow = nn.Linear(d, width), nn.Linear(width, d)

        def forward(self, x):
            b, t, _ = x.shape
            q, k, v = self.qkv(self.before(x)).view(b, t, 3, heads, -1).permute(2, 0, 3, 1, 4)
            y = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.out(y.transpose(1, 2).reshape(b, t, d))
            return x + self.narrow(nn.functional.gelu(self.wide(self.between(x))))

    return [Block()], shape


PARTS = {
    "dense": dense,
    "dropout": dropout,
    "conv": conv,
    "conv_norm": conv_norm,
    "pool": pool,
    "flatten": flatten,
    "average": average,
    "lstm": _recurrent("LSTM"),
    "gru": _recurrent("GRU"),
    "embedding": embedding,
    "positions": positions,
    "block": block,
}
