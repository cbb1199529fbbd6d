"""chainrule: deep learning that shows its work."""

from . import config, ops
from .chain import gradients, op, record, stop_gradient, value_and_grad, vjp
