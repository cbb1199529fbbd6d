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


# --- single products and the bandwidth, for the limit of a step -----------------------------------

MOVED = 2**27  # bytes of each array of the triad: far above any cache


def product_numpy(m, k, n, batch):
    import numpy as np

    a, b = (np.ones((batch, *s), np.float32)[0 if batch == 1 else ...] for s in ((m, k), (k, n)))
    out = np.matmul(a, b)
    return lambda: np.matmul(a, b, out=out)


def product_torch(m, k, n, batch):
    import torch

    a, b = (torch.ones(batch, *s)[0 if batch == 1 else ...] for s in ((m, k), (k, n)))
    out = torch.matmul(a, b)
    return lambda: torch.matmul(a, b, out=out)


def product_jax(m, k, n, batch):
    import jax

    a, b = (jax.numpy.ones((batch, *s))[0 if batch == 1 else ...] for s in ((m, k), (k, n)))
    product = jax.jit(jax.numpy.matmul)
    return lambda: product(a, b).block_until_ready()


def triad_numpy():
    import numpy as np

    b, c = (np.ones(MOVED // 4, np.float32) for _ in range(2))
    out = np.empty_like(b)
    return lambda: np.add(b, c, out=out)


def triad_torch():
    import torch

    b, c = torch.ones(MOVED // 4), torch.ones(MOVED // 4)
    out = torch.empty_like(b)
    return lambda: torch.add(b, c, alpha=2.0, out=out)


def triad_jax():
    import jax

    b, c = jax.numpy.ones(MOVED // 4), jax.numpy.ones(MOVED // 4)
    triad = jax.jit(lambda b, c: b + 2.0 * c)
    return lambda: triad(b, c).block_until_ready()


PRODUCT = {"numpy": product_numpy, "torch": product_torch, "jax": product_jax}
TRIAD = {"numpy": triad_numpy, "torch": triad_torch, "jax": triad_jax}
