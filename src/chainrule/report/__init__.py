"""A run folder: all that is needed to look at a training again, to use its model, to repeat it.

    runs/digits-20260314-150926/
        config.json         arguments, seed, versions, engine, data and its scaling, results
        history.csv, .json  every epoch's figures
        model.safetensors   the network with its training state
        examples.npy        a few held-out rows as they were before scaling
        curves.png          loss and metrics over the epochs
        confusion.png       classes: what was taken for what;  regression.png  for values
        mistakes.png        images: the worst errors
        boundary.png        points of the plane: the answer in every place
    checkpoint.safetensors   while it trains, or where it was interrupted: how to go on

Every file appears whole or not at all. A folder can be copied to another machine.
"""

from .folder import (
    CHECKPOINT,
    CONFIG,
    EXAMPLES,
    HISTORY,
    MODEL,
    alone,
    as_json,
    free_name,
    holds_run,
    make,
    read_config,
    read_history,
    refuse_existing,
    refuse_other_file,
    versions,
    withdraw,
    write_config,
    write_examples,
    write_history,
)
from .pictures import PICTURES, draw, picture_names, write_pictures

__all__ = [
    "CHECKPOINT",
    "CONFIG",
    "EXAMPLES",
    "HISTORY",
    "MODEL",
    "PICTURES",
    "alone",
    "as_json",
    "draw",
    "free_name",
    "holds_run",
    "make",
    "picture_names",
    "read_config",
    "read_history",
    "refuse_existing",
    "refuse_other_file",
    "versions",
    "withdraw",
    "write_config",
    "write_examples",
    "write_history",
    "write_pictures",
]
