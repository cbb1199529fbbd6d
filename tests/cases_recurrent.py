"""What Keras and we call the same: recurrent layers. See test_keras.py."""

import numpy as np

from keras_case import Case

X = ((3, 4, 2),)
# the first sequence ends sooner, the second begins later, the third has a hole
MASK = np.array([[True, True, False, False], [False, False, True, True], [True, False, True, True]])
MASKED = {"mask": MASK}
H, C = np.full((3, 5), 0.3, "float32"), np.full((3, 5), -0.4, "float32")


def layer(code: str, shapes: tuple = X, tag: str = "", **call: object) -> Case:
    return Case(code, shapes, call, tag=tag)


CASES = [
    layer("SimpleRNN(5)"),
    layer("SimpleRNN(5, activation='relu', use_bias=False, return_sequences=True)"),
    layer("SimpleRNN(5, return_sequences=True, return_state=True)", tag="masked", **MASKED),
    layer("SimpleRNN(5, go_backwards=True)", tag="from a state", initial_state=H),
    layer("LSTM(5)"),
    layer("LSTM(5, use_bias=False, unit_forget_bias=False, return_sequences=True)"),
    layer("LSTM(5, return_sequences=True, return_state=True)", tag="masked", **MASKED),
    layer("LSTM(5, return_state=True, go_backwards=True)", tag="masked", **MASKED),
    layer("LSTM(5, go_backwards=True, return_sequences=True)"),
    layer("LSTM(5, return_state=True)", tag="from states", initial_state=[H, C]),
    layer("LSTM(5, activation='relu', recurrent_activation='hard_sigmoid', return_state=True)"),
    layer(
        "LSTM(5, activation='elu', return_sequences=True, return_state=True)",
        tag="masked",
        **MASKED,
    ),
    layer("LSTM(5, return_sequences=True, zero_output_for_mask=True)", tag="masked", **MASKED),
    layer("LSTM(5, unroll=True)"),
    layer("GRU(5)"),
    layer("GRU(5, reset_after=False)"),
    layer("GRU(5, use_bias=False, return_sequences=True)"),
    layer("GRU(5, return_sequences=True, return_state=True)", tag="masked", **MASKED),
    layer(
        "GRU(5, reset_after=False, return_sequences=True, return_state=True)",
        tag="masked",
        **MASKED,
    ),
    layer("GRU(5, go_backwards=True, return_state=True)", tag="from a state", initial_state=[H]),
    layer("GRU(5, activation='softsign', recurrent_activation='hard_sigmoid')"),
    layer("GRU(5, reset_after=False, recurrent_activation='hard_sigmoid', use_bias=False)"),
    layer("RNN(LSTMCell(5), return_sequences=True, return_state=True)"),
    layer("RNN(GRUCell(5), return_sequences=True)", tag="masked", **MASKED),
    layer("RNN(SimpleRNNCell(5), go_backwards=True)"),
    layer("RNN([LSTMCell(5), GRUCell(3)], return_sequences=True, return_state=True)"),
    layer("RNN(StackedRNNCells([SimpleRNNCell(5), LSTMCell(3)]))", tag="masked", **MASKED),
    *[
        layer(f"Bidirectional(LSTM(5, return_sequences={many}), merge_mode={mode!r})")
        for many in (True, False)
        for mode in ("concat", "sum", "mul", "ave", None)
    ],
    layer("Bidirectional(GRU(5, return_sequences=True))", tag="masked", **MASKED),
    layer("Bidirectional(LSTM(5))", tag="masked", **MASKED),
    layer(
        "Bidirectional(LSTM(5, return_state=True))", tag="from states", initial_state=[H, C, C, H]
    ),
    layer("Bidirectional(GRU(5, return_state=True), merge_mode=None)"),
    layer(
        "Bidirectional(LSTM(5, return_sequences=True), "
        "backward_layer=GRU(3, go_backwards=True, return_sequences=True))"
    ),
    layer("TimeDistributed(Dense(3, activation='tanh'))"),
    layer("TimeDistributed(Flatten())", ((2, 3, 2, 2),)),
    layer("Masking(0.5)"),
]
