"""PyTorch through `torch.compile`; needs a C++ compiler on the machine."""

from __future__ import annotations

from contestants import torch_eager

LABEL = "torch compile"
NEEDS = ("torch",)
CHOICES = torch_eager.CHOICES


class Contestant(torch_eager.Contestant):
    """Forward and loss (hence backward) compiled by Inductor; the optimizer's kernel is fused."""

    def wrap(self, forward):
        """Compile for the one batch shape that training uses."""
        return self.torch.compile(forward, dynamic=False)

    def predict_ways(self, sample):
        """The compiled module under `no_grad`."""
        self.model = self.torch.compile(self.model.eval(), dynamic=False)
        return super().predict_ways(sample)
