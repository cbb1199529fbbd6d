"""Bare matrix products and random bits, library by library: each entry prepares a function."""

from __future__ import annotations


def gemm_numpy(n):
    import numpy as np

    a = np.random.default_rng(0).standard_normal((n, n), dtype=np.float32)
    out = np.empty_like(a)
    return lambda: np.matmul(a, a, out=out)


def gemm_torch(n):
    import torch

    a = torch.randn(n, n)
    out = torch.empty_like(a)
    return lambda: torch.matmul(a, a, out=out)


def gemm_jax(n):
    import jax

    a = jax.random.normal(jax.random.key(0), (n, n))
    product = jax.jit(lambda a: a @ a)
    return lambda: product(a).block_until_ready()


def rng_numpy(n):
    import numpy as np

    random = np.random.Generator(np.random.PCG64(0))
    return lambda: random.integers(0, 2**32, n, np.uint32)


def rng_jax(n):
    import jax

    bits = jax.jit(lambda key: jax.random.bits(key, (n,)))
    key = jax.random.key(0)
    return lambda: bits(key).block_until_ready()


def rng_ours_numpy(n):
    from chainrule import rng

    key = rng.key(0)
    return lambda: rng.bits(key, (n,))


def rng_ours_xla(n):
    import jax

    from chainrule import rng

    bits = jax.jit(lambda key: rng.bits(key, (n,)))
    key = jax.device_put(rng.key(0))
    return lambda: bits(key).block_until_ready()


GEMM = {"numpy": gemm_numpy, "torch": gemm_torch, "jax": gemm_jax}
RNG = {
    "ours_numpy": rng_ours_numpy,
    "ours_xla": rng_ours_xla,
    "numpy": rng_numpy,
    "jax": rng_jax,
}
