"""The networks that are trained, as data: one file for each family, in no framework's terms."""

from __future__ import annotations

from nets import images, mlp, sequences

NETS = {w.name: w for w in (*mlp.NETS, *images.NETS, *sequences.NETS)}
