"""A small transformer reads a text letter by letter and goes on writing it.

Run: python examples/character_transformer.py
"""

import numpy as np

import chainrule as cr

cr.utils.set_random_seed(0)
text = "she sells sea shells by the sea shore. " * 40
letters = sorted(set(text))
ids = np.array([letters.index(c) for c in text], np.int32)

length = 24
starts = np.arange(len(ids) - length - 1)
x = np.stack([ids[s : s + length] for s in starts])
y = np.stack([ids[s + 1 : s + length + 1] for s in starts])  # the next letter, at every place

model = cr.applications.CharTransformer(
    len(letters), length, hidden_dim=32, num_layers=1, num_heads=2
)
loss = cr.losses.SparseCategoricalCrossentropy(from_logits=True)
model.compile(cr.optimizers.Adam(0.01), loss)
history = model.fit(x, y, batch_size=64, epochs=4, verbose=0).history
print("loss by epoch:", *(f"{v:.3f}" for v in history["loss"]))

begin = "she sells "
tokens = np.array([[letters.index(c) for c in begin]], np.int32)
out = cr.models.generate(model, tokens, max_new_tokens=length - len(begin))
written = "".join(letters[t] for t in out[0])
print(repr(written))
assert written in text
