"""PyTorch, eager, with images and kernels that lie channels last in memory."""

from __future__ import annotations

from contestants import torch_eager

LABEL = "torch channels-last"
NEEDS = ("torch",)
CHOICES = torch_eager.CHOICES


class Contestant(torch_eager.Contestant):
    """The same modules in another memory format, which some processors prefer."""

    channels_last = True
