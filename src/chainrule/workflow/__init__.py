"""From data to a run: what the command line and the playground call.

Example:
    >>> import chainrule as cr
    >>> run = cr.train("and", epochs=50, engine="numpy", verbose=0)
    >>> sorted(run.results)
    ['accuracy']
"""

from .comparing import compare
from .plan import Plan, planned, train
from .recipes import RECIPES, Recipe, recipe_table
from .results import say_results
from .run import Answers, Run
from .searched import Search
from .searching import search
from .settings import Settings
from .table_run import TableRun

__all__ = [
    "RECIPES",
    "Answers",
    "Plan",
    "Recipe",
    "Run",
    "Search",
    "Settings",
    "TableRun",
    "compare",
    "planned",
    "recipe_table",
    "search",
    "say_results",
    "train",
]
