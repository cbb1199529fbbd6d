"""chainrule, eager on NumPy: the same model and calls with the other engine."""

from __future__ import annotations

from contestants import ours_xla

LABEL = "ours (NumPy)"
NEEDS = ("chainrule",)
ENV = {"CHAINRULE_ENGINE": "numpy"}


class Contestant(ours_xla.Contestant):
    """`fit` and `predict` with nothing compiled."""

    engine = "numpy"
