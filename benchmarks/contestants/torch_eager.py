"""PyTorch, eager: the plain loop, without a DataLoader's overhead."""

from __future__ import annotations

import os
import time

from builders import torch_modules

LABEL = "torch eager"
NEEDS = ("torch",)
CHOICES = {"fused": (True, False)}  # the optimizer in one kernel, or PyTorch's default


class Contestant:
    """`nn.Sequential`, logits into the loss, which is summed on the way."""

    channels_last = False  # how the numbers of an image lie in memory

    def __init__(self, workload, x, y, fused=True):
        import torch

        torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
        torch.manual_seed(0)
        self.torch, self.batch, self.steps = torch, workload.batch, len(x) // workload.batch
        self.x, self.y = self.images(torch.from_numpy(x)), torch.from_numpy(y).long()
        self.model = torch_modules.model_of(torch, workload)
        if self.channels_last:
            self.model = self.model.to(memory_format=torch.channels_last)
        optimizer = torch.optim.Adam if workload.optimizer == "adam" else torch.optim.SGD
        self.optimizer = optimizer(self.model.parameters(), lr=workload.learning_rate, fused=fused)
        functions = torch.nn.functional
        if workload.classes == 1:
            self.y = self.y.float()[:, None]
            loss = functions.binary_cross_entropy_with_logits
        elif workload.by_token:

            def loss(logits, y):
                return functions.cross_entropy(logits.flatten(0, 1), y.flatten())
        else:
            loss = functions.cross_entropy
        self.forward = self.wrap(lambda xb, yb: loss(self.model(xb), yb))

    def images(self, x):
        """Images channels first, as PyTorch names their axes; all else as it is."""
        if x.ndim != 4:
            return x
        x = x.permute(0, 3, 1, 2)
        return (
            x.to(memory_format=self.torch.channels_last) if self.channels_last else x.contiguous()
        )

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
