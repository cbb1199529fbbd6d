"""Two networks against each other, an optimizer for each: a `train_step` of your own.

The generator turns noise into points and wants them taken for real ones; the critic tells them
apart (Goodfellow et al. 2014). The same class trains eagerly on NumPy and compiled by XLA.

Run: python examples/gan.py
"""

import importlib.util

import numpy as np

import chainrule as cr
from chainrule import rng
from chainrule.layers import Dense
from chainrule.optimizers import Adam

NOISE, CENTRE = 4, np.array([2.0, -1.0])


class GAN(cr.Model):
    """Every Variable that the step changes is reachable from the model, so both engines see it."""

    def __init__(self):
        super().__init__()
        self.generator = cr.Sequential([cr.Input((NOISE,)), Dense(16, "relu"), Dense(2)])
        self.critic = cr.Sequential([cr.Input((2,)), Dense(16, "relu"), Dense(1)])
        self.loss_of = cr.losses.BinaryCrossentropy(from_logits=True)
        self.key = cr.Variable(rng.next_key(), name="key", kind="seed")
        self.count = cr.Variable(np.uint32(0), name="count", kind="seed")

    def compile(self, generator_optimizer, critic_optimizer):
        """One optimizer for each network."""
        super().compile()
        self.generator_optimizer, self.critic_optimizer = generator_optimizer, critic_optimizer

    def call(self, x):
        """How real points look: a logit."""
        return self.critic(x)

    def noise(self, rows):
        """Random numbers by a counter: the same on both engines, others at each step."""
        count = self.count.value
        self.count.assign(count + 1)
        return rng.normal(rng.fold(self.key.value, count), (rows, NOISE))

    def train_step(self, data):
        """The critic learns to tell real points from made ones, then the generator to fool it."""
        (real,) = data
        z, ones = self.noise(len(real)), np.ones((len(real), 1), "float32")

        with cr.record() as tape:
            found = self.critic(real), self.critic(self.generator(z))
            loss = self.loss_of(ones, found[0]) + self.loss_of(0 * ones, found[1])
            weights = self.critic.trainable_variables
            gradients = tape.gradients(loss, weights)
        self.critic_optimizer.apply(gradients, weights)

        with cr.record() as tape:
            fooled = self.loss_of(ones, self.critic(self.generator(z)))
            weights = self.generator.trainable_variables
            gradients = tape.gradients(fooled, weights)
        self.generator_optimizer.apply(gradients, weights)
        return {"critic": loss, "generator": fooled}


real = (CENTRE + 0.3 * np.random.default_rng(0).normal(size=(512, 2))).astype("float32")
engines = ["numpy", "xla"] if importlib.util.find_spec("jax") else ["numpy"]
for engine in engines:
    cr.utils.set_random_seed(0)
    gan = GAN()
    gan.compile(Adam(0.005, beta_1=0.5), Adam(0.05, beta_1=0.5))
    logs = gan.fit(real, epochs=60, batch_size=64, verbose=0, engine=engine).history
    made = gan.generator.predict(rng.normal(rng.key(1), (1000, NOISE)), engine=engine)
    print(f"{engine}: critic {logs['critic'][-1]:.3f}, generator {logs['generator'][-1]:.3f}")
    print("  real points around", real.mean(axis=0), "made ones around", made.mean(axis=0))
print(
    f"when nobody can tell: critic 2·ln 2 = {2 * np.log(2):.3f}, generator ln 2 = {np.log(2):.3f}"
)

print("off by less than 0.2:", bool(np.abs(made.mean(axis=0) - real.mean(axis=0)).max() < 0.2))
