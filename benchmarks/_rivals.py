"""Simple classifiers of aligned edges beside a reader, for ``readers.py``."""

import numpy as np
from _measured import as_counts
from baselines import TimeSeriesClassifier, time_series_classifiers
from pretrained import N_TRAINED, simulate, training_set
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import log_loss
from sklearn.metrics.pairwise import cosine_similarity
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from skspectra.readers._edges import aligned_axis, smooth_by_noise
from skspectra.readers._experts import default_classifiers
from skspectra.unmixing import ReferenceFit


def rivals():
    """Return simple classifiers of aligned edges."""
    components = PCA(25, random_state=0)
    simple = {
        "single net": default_classifiers("mixed", 1)[1],
        "15 neighbours": make_pipeline(components, KNeighborsClassifier(15)),
        "SVC": make_pipeline(components, SVC(C=10, probability=True, random_state=0)),
        "SVC, cosine": SVC(kernel=cosine_similarity, C=100, probability=True, random_state=0),
        "forest": RandomForestClassifier(200, random_state=0),
    }
    rocket = time_series_classifiers().get("MiniRocket + ridge")
    return simple if rocket is None else simple | {"MiniRocket": TimeSeriesClassifier(rocket)}


def against_rivals(reader, spectra, n_per_class):
    """Read the same aligned edges by all; rivals were trained on edges of 200 counts and more."""
    rng, element = np.random.default_rng(1), reader.element_
    X, y, _ = training_set(element)
    known = np.flatnonzero(y != "unknown")
    rows = rng.choice(known, min(n_per_class * reader.classes_.size, known.size), replace=False)
    edges = reader._find(X[rows], reader.spectral_axis_)
    trained = reader._views(edges.spectra, rng)[0]
    models = {
        name: model.fit(smooth_by_noise(trained), y[rows]) for name, model in rivals().items()
    }
    means = {label: edges.spectra[y[rows] == label].mean(axis=0) for label in reader.classes_}
    axis = aligned_axis(reader.window_)
    models["reference fit"] = ReferenceFit(means, spectral_axis=axis, shift=(-1, 1)).fit(
        edges.spectra
    )
    X, y, points = simulate(element, n_per_class, 201)
    is_new = points >= N_TRAINED
    tested = {"simulated": ([(reader.spectral_axis_, row) for row in X[is_new]], y[is_new])}
    if spectra:
        tested["measured"] = [(a, x) for a, x, _ in spectra], np.array([t for *_, t in spectra])
    for kind, (rows, labels) in tested.items():
        for dose in (None, 1000, 100, 20):
            name = f"{kind}, {'as they are' if dose is None else f'{dose} counts'}"
            counts = [x if dose is None else as_counts(a, x, dose, 1, rng)[0] for a, x in rows]
            found = [
                reader._find(np.asarray(x, float)[None], a)
                for x, (a, _) in zip(counts, rows, strict=True)
            ]
            seen = np.concatenate([smooth_by_noise(each) for each in found])
            noise = np.concatenate([each.noise for each in found])
            proba = {"reader": reader._probabilities(seen, noise)}
            proba |= {each: _probabilities(model, seen) for each, model in models.items()}
            cells = []
            for each, p in proba.items():
                accuracy = np.mean(reader.classes_[p.argmax(axis=1)] == labels)
                loss = log_loss(labels, np.clip(p, 1e-6, 1), labels=reader.classes_)
                cells.append(f"{each} {accuracy:.3f} ({loss:.2f})")
            print(f"  {name:28}", *cells, sep="  ")


def _probabilities(model, spectra):
    """Return probabilities of a classifier, 1 and 0 where it only predicts, or fractions."""
    if hasattr(model, "predict_proba"):
        return model.predict_proba(spectra)
    if not hasattr(model, "transform"):
        return (model.predict(spectra)[:, None] == model.classes_).astype(float)
    fractions = np.maximum(model.transform(spectra), 1e-3)
    return fractions / fractions.sum(axis=1, keepdims=True)
