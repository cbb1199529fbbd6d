"""What Keras and we call the same: standardizing, encoding classes, EinsumDense."""

import numpy as np

from keras_case import Case

COUNTS = np.array([[0.5, 1, 2], [1, 0, 0.25]], "float32")

CASES = [
    Case("Normalization(mean=3.0, variance=2.0)", ((3, 4),)),
    Case("Normalization(mean=[1.0, 2.0, 3.0, 4.0], variance=[1.0, 1.0, 4.0, 4.0])", ((3, 4),)),
    Case("Normalization(axis=1, mean=[1.0, 2.0], variance=[4.0, 0.25])", ((3, 2, 4),)),
    Case("Normalization(mean=3.0, variance=2.0, invert=True)", ((3, 4),)),
    Case("CategoryEncoding(4)", ((3, 2),), integers=4),
    Case("CategoryEncoding(4, 'one_hot')", ((5,),), integers=4),
    Case("CategoryEncoding(4, 'one_hot')", ((5, 1),), integers=4, tag="column"),
    Case("CategoryEncoding(4, 'one_hot')", ((3, 2),), integers=4, tag="several"),
    Case("CategoryEncoding(4, 'count')", ((3, 5),), integers=4),
    Case("CategoryEncoding(4, 'count')", ((2, 3),), {"count_weights": COUNTS}, 4, tag="weights"),
    Case("EinsumDense('ab,bc->ac', 5, bias_axes='c')", ((3, 4),)),
    Case("EinsumDense('abc,cd->abd', (None, 5), bias_axes='d', activation='relu')", ((2, 3, 4),)),
    Case("EinsumDense('abc,cde->abde', (None, 2, 5), bias_axes='e')", ((2, 3, 4),)),
    Case("EinsumDense('abc,bde->adec', (2, 5, 4), bias_axes='d')", ((2, 3, 4),)),
    Case("EinsumDense('abc,cd->abd', (None, 5))", ((2, 3, 4),)),
    Case("EinsumDense('...x,xy->...y', 5, bias_axes='y')", ((2, 3, 4),)),
    Case("EinsumDense('ab...,bc->ac...', 5, bias_axes='c')", ((2, 3, 4, 2),)),
]
