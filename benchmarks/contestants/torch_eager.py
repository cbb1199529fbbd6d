"""PyTorch, eager: the plain loop, without a DataLoader's overhead."""

from __future__ import annotations

import os
import time

LABEL = "torch eager"
NEEDS = ("torch",)
CHOICES = {"fused": (True, False)}  # the optimizer in one kernel, or PyTorch's default


class Contestant:
    """`nn.Sequential`, logits into `cross_entropy`, the epoch's loss summed on the way."""

    def __init__(self, workload, x, y, fused=True):
        import torch

        torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
        torch.manual_seed(0)
        self.torch, self.batch, self.steps = torch, workload.batch, len(x) // workload.batch
        self.x, self.y = torch.from_numpy(x), torch.from_numpy(y).long()
        nn, parts, width = torch.nn, [], workload.features
        for kind, *arguments in workload.layers:
            if kind == "dropout":
                parts.append(nn.Dropout(*arguments))
                continue
            linear = nn.Linear(width, arguments[0])
            nn.init.xavier_uniform_(linear.weight)
            nn.init.zeros_(linear.bias)
            parts.append(linear)
            width = arguments[0]
            if arguments[1] != "softmax":
                parts.append({"relu": nn.ReLU, "tanh": nn.Tanh}[arguments[1]]())
        self.model = nn.Sequential(*parts)
        optimizer = torch.optim.Adam if workload.optimizer == "adam" else torch.optim.SGD
        self.optimizer = optimizer(self.model.parameters(), lr=workload.learning_rate, fused=fused)
        self.forward = self.wrap(lambda xb, yb: nn.functional.cross_entropy(self.model(xb), yb))

    def wrap(self, forward):
        """Leave the forward pass alone; the compiled contestant does not."""
        return forward

    def train(self, epochs):
        """Shuffle once an epoch, then index the tensors batch by batch."""
        torch, seconds = self.torch, []
        self.model.train()
        for _ in range(epochs):
            begin = time.perf_counter()
            total = torch.zeros(())
            for rows in torch.randperm(len(self.x)).split(self.batch):
                loss = self.forward(self.x[rows], self.y[rows])
                self.optimizer.zero_grad()
                loss.backward()
                self.optimizer.step()
                total += loss.detach()
            self.mean = total.item() / self.steps
            seconds.append(time.perf_counter() - begin)
        return seconds

    def loss(self):
        """Mean loss of the last epoch."""
        return self.mean

    def predict_ways(self, sample):
        """The module's call on a ready tensor, under both ways of turning the tape off."""
        torch, model, tensor = self.torch, self.model.eval(), self.torch.from_numpy(sample)

        def no_grad():
            with torch.no_grad():
                return model(tensor)

        def inference_mode():
            with torch.inference_mode():
                return model(tensor)

        return {"no_grad": no_grad, "inference_mode": inference_mode}
