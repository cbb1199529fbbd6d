"""What Keras and we call the same: pooling, padding, cropping, resizing. See test_keras.py."""

from keras_case import Case

SEQUENCE, IMAGES, VOLUMES = (2, 5, 2), (2, 5, 4, 2), (1, 4, 3, 5, 2)
_INPUTS = {1: SEQUENCE, 2: IMAGES, 3: VOLUMES}

CASES = [
    *(
        Case(code.format(n=n), (shape,))
        for n, shape in _INPUTS.items()
        for code in (
            "MaxPooling{n}D()",
            "MaxPool{n}D(3, strides=2, padding='same')",
            "AveragePooling{n}D(2)",
            "AvgPool{n}D(3, strides=2, padding='same')",
            "GlobalMaxPooling{n}D()",
            "GlobalAveragePooling{n}D(keepdims=True)",
            "AdaptiveMaxPooling{n}D(2)",
            "AdaptiveAveragePooling{n}D(2)",
            "ZeroPadding{n}D()",
            "UpSampling{n}D()",
        )
    ),
    Case("MaxPooling2D((3, 2), (1, 3))", (IMAGES,)),
    Case("AveragePooling2D((2, 3), 1, 'same')", (IMAGES,)),
    Case("AdaptiveMaxPooling2D((3, 4))", (IMAGES,)),
    Case("AdaptiveAveragePooling2D((3, 3))", (IMAGES,)),
    Case("GlobalAvgPool1D()", (SEQUENCE,)),
    Case("GlobalMaxPool2D(keepdims=True)", (IMAGES,)),
    Case("ZeroPadding1D((0, 2))", (SEQUENCE,)),
    Case("ZeroPadding2D((1, 2))", (IMAGES,)),
    Case("ZeroPadding2D(((1, 0), (2, 1)))", (IMAGES,)),
    Case("ZeroPadding3D((1, 0, 2))", (VOLUMES,)),
    Case("Cropping1D()", (SEQUENCE,)),
    Case("Cropping1D((0, 2))", (SEQUENCE,)),
    Case("Cropping2D(((1, 0), (2, 1)))", (IMAGES,)),
    Case("Cropping3D(1)", (VOLUMES,)),
    Case("UpSampling2D((1, 3), interpolation='bilinear')", (IMAGES,)),
    Case("UpSampling2D(2, interpolation='bicubic')", (IMAGES,)),
    Case("Resizing(3, 7)", (IMAGES,)),
    Case("Resizing(7, 3, 'nearest')", (IMAGES,)),
    Case("Resizing(2, 3, antialias=True)", (IMAGES,)),
    Case("Resizing(7, 3, 'bicubic')", (IMAGES,)),
    Case("Resizing(3, 2, 'lanczos3')", (IMAGES,)),
    Case("Resizing(2, 3, 'lanczos5', antialias=True)", (IMAGES,)),
    Case("Resizing(4, 2, crop_to_aspect_ratio=True)", (IMAGES,)),
    Case("Resizing(2, 4, crop_to_aspect_ratio=True)", (IMAGES,)),
    Case("Resizing(3, 8, pad_to_aspect_ratio=True, fill_value=0.5)", (IMAGES,)),
    Case("Resizing(9, 3, pad_to_aspect_ratio=True)", (IMAGES,)),
    Case("Resizing(3, 3)", (IMAGES[1:],), tag="one image"),
]
