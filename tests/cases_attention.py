"""What Keras and we call the same: attention and embedding. See test_keras.py."""

import numpy as np

from keras_case import Case

QV = ((2, 3, 4), (2, 5, 4))
QVK = (*QV, (2, 5, 4))
MASK = np.array([[1, 0, 0, 1, 0], [1, 1, 1, 1, 1], [0, 0, 1, 0, 0]], bool)
BATCH_MASK = np.stack([MASK, MASK[:, ::-1]])

CASES = [
    Case("Embedding(7, 3)", ((2, 4),), integers=7),
    Case("Embedding(7, 3, mask_zero=True)", ((2, 4, 2),), integers=7),
    Case("Attention()", QVK),
    Case("Attention(use_scale=True)", QV, {"use_causal_mask": True}),
    Case("Attention(score_mode='concat', use_scale=True)", QV, {"return_attention_scores": True}),
    Case("AdditiveAttention()", QVK),
    Case("AdditiveAttention(use_scale=False)", QV, {"return_attention_scores": True}),
    Case("MultiHeadAttention(2, 3)", QV, apart=True),
    Case(  # without the scores Keras 3.15 on JAX stumbles over value_dim
        "MultiHeadAttention(2, 3, value_dim=4, use_bias=False)",
        QVK,
        {"return_attention_scores": True},
        apart=True,
    ),
    Case("MultiHeadAttention(2, 3, output_shape=5)", QV, {"use_causal_mask": True}, apart=True),
    Case(
        "MultiHeadAttention(2, 3)",
        QV,
        {"attention_mask": MASK, "return_attention_scores": True},
        apart=True,
        tag="mask, scores",
    ),
    Case(
        "MultiHeadAttention(2, 3)",
        QV,
        {"attention_mask": BATCH_MASK, "use_causal_mask": False},
        apart=True,
        tag="mask of a batch",
    ),
    Case("GroupQueryAttention(3, 4, 2)", QV, {"return_attention_scores": True}, apart=True),
    Case("GroupQueryAttention(3, 4, 1, use_bias=False)", QV, {"use_causal_mask": True}, apart=True),
]
