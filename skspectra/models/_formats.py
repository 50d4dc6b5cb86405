"""The formats of model files, and how the older ones become the newest.

Format 2 lists objects, each after those that it holds, has a checksum, and keeps the axis and the
figures of a model. Format 1, of development versions before 0.1, nests estimators in each other.
"""

__all__ = ["FORMAT", "migrate"]

FORMAT = 2

_ROOMS_OF_FORMAT_1 = {
    "skspectra.AxisStretch": "augmentation",
    "skspectra.ConvDenseClassifier": "neural",
    "skspectra.DenseClassifier": "neural",
    "skspectra.EnergyShift": "augmentation",
    "skspectra.EnsembleClassifier": "uncertainty",
    "skspectra.FullyConvClassifier": "neural",
    "skspectra.FullyConvRegressor": "neural",
    "skspectra.NoveltyRejector": "uncertainty",
    "skspectra.PCADenoiser": "preprocessing",
    "skspectra.PCANoise": "augmentation",
    "skspectra.PeakAligner": "preprocessing",
    "skspectra.PoissonNoise": "augmentation",
    "skspectra.SpectralCrop": "preprocessing",
    "skspectra.SpectralResampler": "preprocessing",
    "skspectra.SpectrumNormalizer": "preprocessing",
    "imblearn.Pipeline": "pipeline",
    "sklearn.Pipeline": "pipeline",
}


def migrate(header):
    """Return the description of a file as `FORMAT` has it."""
    if header["format"] == 1:
        objects = []
        _list_objects(header["model"], objects)
        axes = (each["fitted"].get("spectral_axis_") for each in objects)
        axis = next((axis for axis in axes if axis is not None), None)
        header = header | {"objects": objects, "spectral_axis": axis, "figures": {}}
    return header


def _list_objects(packed, objects):
    """Replace the estimators in a description by their numbers, adding them to a list."""
    if not isinstance(packed, dict):
        return packed
    if "estimator" in packed:
        objects.append(_object(packed, objects))
        return {"object": len(objects) - 1}
    if "strings" in packed:
        strings, kind = packed["strings"], packed["dtype"]
        if kind == "O":
            return {"objects": [[len(strings)], strings]}
        return {"text": [f"U{max(map(len, strings), default=1)}", [len(strings)], strings]}
    ((kind, content),) = packed.items()
    if kind == "dict":
        return {"dict": _each(content, objects)}
    if kind in ("list", "tuple"):
        return {kind: [_list_objects(item, objects) for item in content]}
    return packed


def _each(items, objects):
    return {name: _list_objects(item, objects) for name, item in items.items()}


def _object(packed, objects):
    package, _, name = packed["estimator"].partition(".")
    room = _ROOMS_OF_FORMAT_1.get(packed["estimator"], "")
    params = _each(packed["params"], objects)
    if "graph" in params:
        params["architecture"] = params.pop("graph")
    made = {
        "class": f"{package}.{room}.{name}",
        "params": params,
        "fitted": _each(packed["fitted"], objects),
    }
    if "weights" in packed:
        state = {"dict": {"float32": packed["weights"]}}
        made["net"] = {"n_channels": packed["n_channels"], "state": state}
        made["fitted"]["augmenters_"] = None
        if "augmenters" in packed:
            augmenters = _list_objects(packed["augmenters"], objects)
            chain = {"augmenters": augmenters, "spectral_axis": None}
            objects.append(
                {
                    "class": "skspectra.augmentation._base.AugmenterChain",
                    "params": {},
                    "fitted": chain,
                }
            )
            made["fitted"]["augmenters_"] = {"object": len(objects) - 1}
    return made
