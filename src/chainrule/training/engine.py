"""Two engines, one step: NumPy runs it batch by batch, XLA compiles a whole epoch of it.

Both hold the newest values while they train and lend them to the Variables: whoever reads a
Variable gets what the engine has by then.
"""

from __future__ import annotations

import contextlib
import operator
import os
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from .. import config
from ..errors import NonFiniteError, StateError, choose, missing_extra, place_of
from ..variable import Variable, frozen, snapshot, swap
from . import step as steps

__all__ = ["NumpyEngine", "Predictor", "XlaEngine", "choose_engine", "compilations"]
__all__ += ["jax_module", "why_engine"]

compilations = 0  # how many programs this process has compiled; tests count them


def jax_module() -> Any:
    """JAX, set up once: a persistent cache of compiled programs; None where it is not installed."""
    global _jax
    if _jax is False:
        # loading a cached program logs pages about tuning flags as if they were errors; real ones
        # come as exceptions
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        try:
            import jax
        except ImportError:
            _jax = None
            return None
        if jax.__version__ == "0.10.2":
            raise StateError(
                "jax 0.10.2 computes some products wrongly on CPUs (jax issue 39103)",
                fix='pip install "jax>=0.10.1,!=0.10.2"',
            )
        _keep_compiled(jax)
        _jax = jax
    return _jax


_jax: Any = False


def _keep_compiled(jax: Any) -> None:
    """Compiled programs are kept on disk, apart for each version and processor."""
    if jax.config.jax_compilation_cache_dir is not None or os.environ.get("CHAINRULE_CACHE") == "":
        return
    import hashlib
    import platform

    machine = platform.machine() + platform.processor() + _cpu_flags()
    tag = hashlib.sha256(machine.encode()).hexdigest()[:8]
    folder = os.path.join(config.cache_dir(), "xla", f"jax-{jax.__version__}-{tag}")
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError:
        return  # a read-only home: compile anew each time
    jax.config.update("jax_compilation_cache_dir", folder)
    # by default nothing under a second is kept; a student's network compiles in half of that
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)


def _cpu_flags() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return next((line for line in file if line.startswith("flags")), "")
    except OSError:
        return ""


def compiler_options(jax: Any) -> dict[str, str] | None:
    """512-bit vectors where the processor has them: measured quicker (benchmarks/NOTES.md)."""
    wide = jax.default_backend() == "cpu" and "avx512f" in _cpu_flags()
    return {"xla_cpu_prefer_vector_width": "512"} if wide else None


def choose_engine(wanted: str | None) -> str:
    """`numpy` or `xla`: the argument, else the setting, else XLA where JAX is installed."""
    name = config.engine() if wanted is None else wanted
    if name not in ("auto", "numpy", "xla"):
        raise choose("engine", name, ("auto", "numpy", "xla"), where="fit")
    if name == "numpy" or jax_module() is not None:
        return "numpy" if name == "numpy" else "xla"
    if name == "xla":
        raise missing_extra("jax", "xla", "the compiled engine")
    return "numpy"


def why_engine(wanted: str | None, chosen: str) -> str:
    """The reason for the choice, for people to read."""
    if chosen == "numpy" and (wanted or config.engine()) == "auto":
        return 'JAX is not installed; pip install "chainrule[xla]" to compile'
    why = "JAX is installed"
    if (wanted or config.engine()) != "auto":
        why = "asked for" if wanted else "CHAINRULE_ENGINE or cr.config.set_engine"
    jax = jax_module() if chosen == "xla" else None
    return why if jax is None else f"{why}; jax {jax.__version__} on {jax.default_backend()}"


class _Engine:
    """What both share: the values, lending them, and giving them back."""

    name = ""

    def __init__(self, variables: Sequence[Variable], model: Any = None) -> None:
        self.model = model
        self.variables = list(variables)
        self.values: list[Any] = []
        self.lock = threading.RLock()
        self._loaded: list[Any] = []  # data on the device
        self._stale: set[int] = set()  # which Variables show less than the newest value
        self._place = {id(v): i for i, v in enumerate(self.variables)}

    def take(self) -> None:
        """Fetch what the Variables hold, where somebody else has changed them."""
        with self.lock:
            mine = self.values
            self.values = [
                mine[i] if mine and v.lender is self else self.own(v.value)
                for i, v in enumerate(self.variables)
            ]
            for v in self.variables:
                v.lender = self

    def publish(self, variable: Variable) -> None:
        """Show the newest value in a Variable."""
        with self.lock:
            i = self._place[id(variable)]
            if i in self._stale and variable.lender is self:
                self._stale.discard(i)
                variable._value = self.show(self.values[i])

    def keep(self, values: list[Any]) -> None:
        """Take new values as the newest."""
        self.values = values
        self._stale.update(range(len(values)))

    def forget(self) -> None:
        """Drop what was kept of earlier data."""
        self._loaded = []

    def release(self) -> None:
        """Give everything back; the engine is no longer asked."""
        self._loaded = []
        with self.lock:
            for v in self.variables:
                if v.lender is self:
                    self.publish(v)
                    v.lender = None
            self.values = []

    def own(self, value: Any) -> Any:
        """A value that belongs to this engine."""
        raise NotImplementedError

    def show(self, value: Any) -> Any:
        """A value that the world may keep."""
        raise NotImplementedError

    def refuse(self, number: int, batch: Sequence[Any], values: Sequence[Any]) -> NonFiniteError:
        """The error for step `number`, whose batch is given; `values` are those before it."""
        with swap(self.variables, [np.array(v) for v in values]):
            culprit = steps.name_culprit(self.model, *batch)
        return NonFiniteError(
            "the loss or a gradient is no longer finite; training stopped before the update",
            where=f"step {number + 1} of this epoch",
            received=f"NaN or infinity, first made by {culprit}",
            fix="lower the learning rate, scale the inputs, or set clipnorm=1.0 on the optimizer",
        )


class NumpyEngine(_Engine):
    """The step as it stands, on NumPy arrays: every number can be looked at."""

    name = "numpy"

    def own(self, value: Any) -> Any:
        """A private copy: optimizers write into it."""
        return np.array(value)

    def show(self, value: Any) -> Any:
        """A copy."""
        return frozen(value)

    def load(self, data: Sequence[Any], batch_size: int) -> None:
        """The arrays of this fit or evaluation: x, y, sample weights or None."""
        self.data, self.batch_size = data, batch_size

    def run(self, kind: str, order: np.ndarray | None, first: int, last: int) -> None:
        """Batches `first` to `last` (exclusive) of the epoch, `kind` train or test."""
        size, rows = self.batch_size, len(self.data[0])
        # overflow is looked for after each step, where its cause can be named
        with np.errstate(all="ignore"), self.lock, self._swapped() as now:
            for i in range(first, last):
                chosen: Any = slice(i * size, min((i + 1) * size, rows))
                if order is not None:
                    chosen = order[chosen]
                batch = [None if a is None else a[chosen] for a in self.data]
                if kind == "test":
                    steps.test_step(self.model, *batch)
                    continue
                before = dict(now.now)
                try:
                    steps.train_step(self.model, *batch, look=_stop_at_nan)
                except FloatingPointError:
                    now.now = before
                    raise self.refuse(i, batch, now.values()) from None
                except BaseException:
                    now.now = before
                    raise
            self.keep(now.values())

    def _swapped(self) -> Any:
        return _kept(self, swap(self.variables, self.values, owned=True))


class _kept:
    """A swap whose values go back to the engine also when a step raises."""

    def __init__(self, engine: NumpyEngine, inner: swap) -> None:
        self.engine, self.inner = engine, inner

    def __enter__(self) -> swap:
        return self.inner.__enter__()

    def __exit__(self, *exc: object) -> None:
        self.engine.keep(self.inner.values())
        self.inner.__exit__(*exc)


def _stop_at_nan(loss: Any, gradients: Sequence[Any]) -> None:
    if not np.isfinite(loss):
        raise FloatingPointError
    for g in gradients:
        # one fast dot product tells nearly always; only a huge gradient needs the exact look
        if not np.isfinite(np.vdot(g, g)) and not np.isfinite(g).all():
            raise FloatingPointError


class XlaEngine(_Engine):
    """The step compiled: a whole epoch is one program, data and weights stay on the device.

    The program takes the first and last batch as numbers, so one compilation serves whole epochs,
    pieces of them and single batches; the ragged last batch has its own step inside it. Nothing is
    donated: the values before a call stay valid, which is what makes a NaN traceable to its step.
    """

    name = "xla"

    def __init__(self, variables: Sequence[Variable], model: Any = None) -> None:
        super().__init__(variables, model)
        self.jax = jax_module()
        self._programs: dict[Any, Any] = {}
        self._loaded: list[tuple[list[Any], list[Any], np.ndarray]] = []
        self.wide = any(np.dtype(v.dtype) == np.float64 for v in variables)

    def own(self, value: Any) -> Any:
        """The value itself: the program's call takes it to the device, quicker than we could."""
        return value

    def show(self, value: Any) -> Any:
        """The value as a NumPy array."""
        return np.asarray(value)

    def precision(self) -> Any:
        """JAX computes in float64 only where it is allowed to."""
        return self.jax.enable_x64(True) if self.wide else contextlib.nullcontext()

    def load(self, data: Sequence[Any], batch_size: int) -> None:
        """Put the arrays of this fit or evaluation on the device."""
        known = next((e for e in self._loaded if all(map(operator.is_, e[0], data))), None)
        if known is None:
            with self.precision():
                device = [None if a is None else self.jax.device_put(a) for a in data]
            known = (list(data), device, np.arange(len(data[0]), dtype=np.int32))
            self._loaded = [known, *self._loaded[:1]]  # training and validation data take turns
        self.host, self.data, self.natural = known
        self.batch_size = batch_size

    def run(self, kind: str, order: np.ndarray | None, first: int, last: int) -> None:
        """Batches `first` to `last` (exclusive) of the epoch, `kind` train or test."""
        order = self.natural if order is None else order
        with self.lock:
            before = self.values
            after, fine = self._call(kind, before, order, first, last)
            if kind == "train" and not bool(fine):
                self._find(order, first, last)
            self.keep(after)

    def _call(self, kind: str, values: Any, order: Any, first: int, last: int) -> tuple[Any, Any]:
        size, rows = self.batch_size, len(order)
        whole = rows // size
        program = self._program(kind, size, rows % size)
        given = [np.asarray(v.value) for v in self.model.given_variables]
        with self.precision(), plain_words(self.jax):
            return program(
                values,
                given,
                self.data,
                order,
                np.int32(first),
                np.int32(min(last, whole)),
                last > whole,
            )

    def _find(self, order: np.ndarray, first: int, last: int) -> None:
        """Go through the batches again one at a time, up to the one that failed, and name it."""
        for i in range(first, last):
            after, fine = self._call("train", self.values, order, i, i + 1)
            if not bool(fine):
                chosen = order[i * self.batch_size : (i + 1) * self.batch_size]
                batch = [None if a is None else np.asarray(a)[chosen] for a in self.host]
                raise self.refuse(i, batch, self.values)
            self.keep(after)

    def _program(self, kind: str, size: int, tail: int) -> Any:
        known = self._programs.get((kind, size, tail))
        if known is None:
            known = self._programs[kind, size, tail] = self._compile(kind, size, tail)
        return known

    def _compile(self, kind: str, size: int, tail: int) -> Any:
        jax, model, variables = self.jax, self.model, self.variables
        jnp, lax = jax.numpy, jax.lax
        step = steps.train_step if kind == "train" else steps.test_step
        # a NaN in somebody's metric is no reason to stop; in a loss, a weight or a slot it is
        watched = [i for i, v in enumerate(variables) if v.kind not in ("seed", "metric")]

        def one(values: Any, given: Any, data: Any, order: Any, start: Any, rows: int) -> Any:
            chosen = lax.dynamic_slice(order, (start,), (rows,))
            batch = [
                None
                if a is None
                else a.at[chosen].get(mode="promise_in_bounds", unique_indices=True)
                for a in data
            ]
            fixed = swap(model.given_variables, given)
            with fixed, swap(variables, values) as now:
                loss = step(model, *batch)
                return now.values(), jnp.isfinite(loss).all()

        def program(
            values: Any, given: Any, data: Any, order: Any, first: Any, last: Any, ragged: Any
        ) -> tuple[list[Any], Any]:
            _count()

            def body(i: Any, state: Any) -> Any:
                values, fine = one(state[0], given, data, order, i * size, size)
                return values, state[1] & fine

            values, fine = lax.fori_loop(first, last, body, (values, jnp.array(True)))
            if tail:
                start = order.shape[0] - tail
                values, fine_tail = lax.cond(
                    ragged,
                    lambda v: one(v, given, data, order, start, tail),
                    lambda v: (v, jnp.array(True)),
                    values,
                )
                fine = fine & fine_tail
            floats = [values[i] for i in watched if jnp.issubdtype(values[i].dtype, jnp.floating)]
            return values, jnp.stack([fine, *(jnp.isfinite(v).all() for v in floats)]).all()

        return jax.jit(program, compiler_options=compiler_options(jax))


@contextlib.contextmanager
def plain_words(jax: Any) -> Iterator[None]:
    """Says in our words what went wrong when a function of the user's own cannot be compiled."""
    try:
        yield
    except (
        jax.errors.TracerArrayConversionError,
        jax.errors.TracerBoolConversionError,
        jax.errors.TracerIntegerConversionError,
        jax.errors.ConcretizationTypeError,
    ) as error:
        raise StateError(
            "a number was asked for while the step is compiled, where values have none yet",
            where=place_of(error),
            received="NumPy, float(), int() or a Python `if` on a value of the network",
            fix="use cr.ops (cr.ops.tanh(x), cr.ops.where(condition, a, b)), or engine='numpy'",
        ) from None


class Predictor:
    """The forward pass as a pure function of a snapshot of values; safe from any thread."""

    def __init__(self, model: Any, variables: Sequence[Variable], name: str) -> None:
        self.model, self.variables, self.name = model, variables, name
        self._device: tuple[list[Any], list[Any]] = ([], [])  # host arrays, and their copies
        types = [v.dtype for v in variables] + [model.input_dtype]
        self.wide = any(np.dtype(t) == np.float64 for t in types if str(t) != "bfloat16")
        if name == "xla":
            self.jax = jax_module()

            def program(values: Any, x: Any) -> Any:
                _count()
                return self._forward(values, x)

            self._program = self.jax.jit(program)

    def _forward(self, values: Sequence[Any], x: Any) -> Any:
        with swap(self.variables, values):
            return steps.forward(self.model, x)

    def __call__(self, x: np.ndarray, batch_size: int) -> np.ndarray:
        """The outputs for checked rows, all from the weights of one moment."""
        values = snapshot(self.variables)
        if len(x) <= batch_size:
            return self._batch(x, values)
        starts = range(0, len(x), batch_size)
        return np.concatenate([self._batch(x[a : a + batch_size], values) for a in starts])

    def _batch(self, x: np.ndarray, values: list[Any]) -> np.ndarray:
        if self.name == "numpy":
            with np.errstate(all="ignore"):
                return np.array(self._forward(values, x))
        rows = len(x)
        bucket = 1 << (rows - 1).bit_length()  # 1, 2, 4, 8 ...: a dozen programs serve every size
        if bucket != rows:
            padded = np.zeros((bucket, *x.shape[1:]), x.dtype)
            padded[:rows] = x
            x = padded
        wide = self.jax.enable_x64(True) if self.wide else contextlib.nullcontext()
        with wide, plain_words(self.jax):
            y = np.array(self._program(self._on_device(values), x))
        return y if bucket == rows else y[:rows].copy()

    def _on_device(self, values: list[Any]) -> list[Any]:
        """The values on the device; they are copied there again only when one has changed."""
        host, device = self._device  # one read: another thread may replace the pair
        if len(host) != len(values) or any(a is not b for a, b in zip(host, values, strict=True)):
            device = [self.jax.device_put(v) for v in values]
            self._device = (values, device)
        return device


def _count() -> None:
    """Runs while a program is traced, that is once for each compilation."""
    global compilations
    compilations += 1


class Pace:
    """How many batches to run at once: about a quarter of a second, so that Ctrl-C, progress and
    callbacks stay responsive; one batch first, whose time is the compiler's.
    """

    def __init__(self, seconds: float = 0.25) -> None:
        self.seconds, self.each, self.calls = seconds, 0.0, 0

    def next(self, left: int) -> int:
        """Batches for the next call."""
        if self.calls == 0:
            return 1
        if self.calls == 1:
            return min(left, 16)
        return max(1, min(left, int(self.seconds / max(self.each, 1e-7))))

    def took(self, batches: int, began: float) -> None:
        """Remember what a call took."""
        if self.calls > 0:
            self.each = (time.perf_counter() - began) / batches
        self.calls += 1
