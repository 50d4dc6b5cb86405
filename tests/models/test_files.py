"""Files that are damaged, altered or made to do harm, and files of older formats."""

import contextlib
import hashlib
import json
import tracemalloc
import warnings
from pathlib import Path

import joblib
import numpy as np
import pytest
import safetensors
import safetensors.numpy
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from skspectra.models import describe_model, load_model, save_model
from skspectra.neural import DenseClassifier, FullyConvClassifier
from skspectra.preprocessing import SpectrumNormalizer

NET = DenseClassifier(hidden_layer_sizes=(4,), max_epochs=2, random_state=0)
CONV = FullyConvClassifier(n_filters=(2,), kernel_sizes=(3,), max_epochs=1, random_state=0)
FORMAT_1 = Path(__file__).with_name("format_1.safetensors")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


def header_of(path):
    with safetensors.safe_open(path, framework="numpy") as file:
        return json.loads(file.metadata()["skspectra"])


def rewrite(path, change=lambda header, arrays: None, text=None):
    """Change the description or the arrays of a file and give it the checksum that fits."""
    header, arrays = header_of(path), safetensors.numpy.load_file(path)
    header["sha256"] = "0" * 64
    change(header, arrays)
    content = safetensors.numpy.save(arrays, metadata={"skspectra": text or json.dumps(header)})
    digest = hashlib.sha256(content).hexdigest().encode()
    path.write_bytes(content.replace(b"0" * 64, digest, 1))


def test_format_1_is_read(spectra):
    loaded = load_model(FORMAT_1)
    expected = [[0.317906, 0.359223, 0.322871], [0.366512, 0.270107, 0.363380]]
    np.testing.assert_allclose(loaded.predict_proba(spectra[0][:2]), expected, atol=1e-5)
    assert loaded.predict(spectra[0][:3]).tolist() == ["Mn3+", "Mn2+", "Mn3+"]
    assert loaded[-1].augment.window == (631, 640)
    assert loaded[-1].augmenters_.augmenters[0].window_channels_ == slice(2, 20)
    about = describe_model(FORMAT_1)
    assert about["format"] == 1
    np.testing.assert_array_equal(about["spectral_axis"], 630 + np.arange(24) / 2)


def test_truncated_and_foreign_files_are_one_clear_error(path, spectra, tmp_path):
    save_model(clone(NET).fit(*spectra), path)
    content = path.read_bytes()
    for n_bytes in (0, 4, 200, len(content) - 1):
        path.write_bytes(content[:n_bytes])
        with pytest.raises(ValueError, match="model.safetensors cannot be loaded: .* cut short"):
            load_model(path)
    joblib.dump(clone(NET), path)
    with pytest.raises(ValueError, match=r"cannot be read as .* such as a pickle"):
        load_model(path)
    with pytest.raises(FileNotFoundError, match="no file mn-l23. load_pretrained loads"):
        load_model("mn-l23")
    safetensors.numpy.save_file({"a": np.ones(2)}, path)
    with pytest.raises(ValueError, match="no model"):
        load_model(path)
    with pytest.raises(FileNotFoundError, match="There is no file"):
        load_model(tmp_path / "missing")


@pytest.mark.parametrize("read", [load_model, describe_model])
def test_no_flipped_bit_and_no_lost_byte_goes_unnoticed(read, path, spectra):
    model = make_pipeline(SpectrumNormalizer(), LogisticRegression()).fit(*spectra)
    save_model(model, path)
    content = path.read_bytes()
    rng = np.random.default_rng(0)
    for position in rng.integers(0, len(content), 300):
        damaged = bytearray(content)
        damaged[position] ^= 1 << rng.integers(8)
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match="model.safetensors cannot be loaded"):
            read(path)
    for length in rng.integers(0, len(content), 100):
        path.write_bytes(content[:length])
        with pytest.raises(ValueError, match="model.safetensors cannot be loaded"):
            read(path)


def leaves(packed, route=()):
    """Every place in a description that holds a number or text."""
    items = packed.items() if isinstance(packed, dict) else enumerate(packed)
    for key, value in items:
        if isinstance(value, (dict, list)):
            yield from leaves(value, (*route, key))
        else:
            yield (*route, key)


@pytest.mark.parametrize(
    "model",
    [
        CONV,
        make_pipeline(SpectrumNormalizer(), SVC()),
        RandomForestClassifier(3, max_depth=3, random_state=0),
        KNeighborsClassifier(),
    ],
    ids=["net", "svc", "forest", "neighbours"],
)
def test_altered_descriptions_are_refused_or_harmless(model, path, spectra):
    """Whatever is in the place of a value, loading and predicting raise a Python error at most."""
    X, y = spectra
    save_model(clone(model).fit(X, y), path)
    content, header = path.read_bytes(), header_of(path)
    places = list(leaves(header["objects"]))
    rng = np.random.default_rng(0)
    others = [-1, 0, 3, 2**40, 2**63, 0.5, None, True, "a", "0", [], {}, {"array": "0"}, [1, 2]]
    refused = 0
    for number in rng.choice(len(places), min(150, len(places)), replace=False):
        path.write_bytes(content)

        def change(header, arrays, place=places[number]):
            *route, last = place
            target = header["objects"]
            for key in route:
                target = target[key]
            target[last] = others[rng.integers(len(others))]

        rewrite(path, change)
        try:
            loaded = load_model(path)
        except ValueError as error:
            assert "model.safetensors cannot be loaded" in str(error)
            refused += 1
            continue
        with contextlib.suppress(Exception), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            loaded.predict(X)
    assert refused > 10


def first(header, name):
    return next(each for each in header["objects"] if each.get("class", "").endswith(name))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda header, _: header.update(format=3), "in format 3; this is skspectra"),
        (lambda header, _: header.update(format="2"), "in format 2; this is skspectra"),
        (lambda header, _: header["objects"][-1].update({"class": "os.system"}), "names os.system"),
        (
            lambda header, _: header["objects"][-1].update({"class": "skspectra.cli.main"}),
            "names skspectra.cli.main",
        ),
        (
            lambda header, _: header["objects"][-1]["fitted"].update(predict=3),
            "sets predict of DenseClassifier",
        ),
        (
            lambda header, _: header["objects"][-1]["fitted"].update(__class__=3),
            "sets __class__ of DenseClassifier",
        ),
        (
            lambda header, _: header["objects"][-1]["fitted"].update(
                classes_={"text": ["U4", [1], ["Mn2+"]]}
            ),
            "numbers by its parameters",
        ),
        (lambda header, _: header["objects"][-1]["params"].update(colour="red"), "colour"),
        (lambda header, _: header["objects"][-1]["params"].update(lr="fast"), "lr"),
        (lambda header, _: header.pop("objects"), "it lacks 'objects'"),
        (lambda header, _: header.update(objects=[]), "no object"),
        (lambda header, _: header.update(objects=[{"object": 0}]), "class"),
    ],
)
def test_description_is_checked(change, message, path, spectra):
    save_model(clone(NET).fit(*spectra), path)
    rewrite(path, change)
    with pytest.raises(ValueError, match=rf"model.safetensors cannot be loaded: .*{message}"):
        load_model(path)


@pytest.mark.parametrize("text", ["[]", "3", "null", "{", "[" * 100_000, '{"format": 2}', "\ud800"])
def test_descriptions_that_are_none_are_one_error(text, path, spectra):
    save_model(clone(NET).fit(*spectra), path)
    try:
        rewrite(path, text=text)
    except UnicodeEncodeError:
        path.write_bytes(b"")
    for read in (load_model, describe_model):
        with pytest.raises(ValueError, match="model.safetensors cannot be loaded"):
            read(path)


def grow_net(header, arrays):
    first(header, "FullyConvClassifier")["params"]["n_filters"] = {"tuple": [2**14]}
    first(header, "FullyConvClassifier")["params"]["kernel_sizes"] = {"tuple": [2**14]}


def widen_net(header, arrays):
    first(header, "FullyConvClassifier")["net"]["n_channels"] = 2**33
    first(header, "FullyConvClassifier")["params"]["architecture"] = "invariant"


def repeat_arrays(header, arrays):
    arrays["big"] = np.zeros(2**16)
    first(header, "FullyConvClassifier")["fitted"]["many_"] = {"list": [{"array": "big"}] * 10_000}


def lengthen_text(header, arrays):
    items = ["a"] * 100_000
    labels = {"text": [f"U{10**6}", [len(items)], items]}
    first(header, "FullyConvClassifier")["fitted"]["classes_"] = labels


@pytest.mark.parametrize("change", [grow_net, widen_net, repeat_arrays, lengthen_text])
def test_sizes_are_checked_before_memory_is_taken(change, path, spectra):
    save_model(clone(CONV).fit(*spectra), path)
    rewrite(path, change)
    tracemalloc.start()
    with pytest.raises(ValueError, match="model.safetensors cannot be loaded"):
        load_model(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 300e6


def redirect(name, where, value):
    def change(header, arrays):
        tree = next(each["tree"] for each in header["objects"] if "tree" in each)
        arrays["new"] = arrays[tree[name]["array"]].copy()
        arrays["new"][where] = value
        tree[name] = {"array": "new"}

    return change


def replace(name, attribute, array):
    def change(header, arrays):
        arrays["new"] = array
        first(header, name)["fitted"][attribute] = {"array": "new"}

    return change


def redirect_histogram(name, value):
    def change(header, arrays):
        nodes = first(header, "TreePredictor")["fitted"]["nodes"]["record"]
        arrays["new"] = arrays[nodes[name]["array"]].copy()
        arrays["new"][0] = value
        nodes[name] = {"array": "new"}

    return change


@pytest.mark.parametrize(
    ("model", "change"),
    [
        (DecisionTreeClassifier(), redirect("node_left_child", 0, 10**6)),
        (DecisionTreeClassifier(), redirect("node_right_child", 0, 0)),
        (DecisionTreeClassifier(), redirect("node_right_child", -1, 1)),
        (DecisionTreeClassifier(), redirect("node_feature", 0, 10**6)),
        (DecisionTreeClassifier(), redirect("n_classes", 0, 10**6)),
        (RandomForestClassifier(2), redirect("node_left_child", 0, -2)),
        (GradientBoostingClassifier(n_estimators=2), redirect("node_feature", 0, -7)),
        (HistGradientBoostingClassifier(max_iter=2), redirect_histogram("left", 10**6)),
        (HistGradientBoostingClassifier(max_iter=2), redirect_histogram("right", 0)),
        (HistGradientBoostingClassifier(max_iter=2), redirect_histogram("feature_idx", 99)),
        (HistGradientBoostingClassifier(max_iter=2), redirect_histogram("is_categorical", 1)),
        (SVC(), replace("SVC", "support_vectors_", np.zeros((2, 24)))),
        (SVC(), replace("SVC", "_n_support", np.array([10**6, 1, 1], np.int32))),
        (SVC(), replace("SVC", "_dual_coef_", np.zeros((1, 1)))),
        (KMeans(2), replace("KMeans", "cluster_centers_", np.zeros((2, 3)))),
        (KNeighborsClassifier(), replace("KNeighborsClassifier", "_y", np.full(60, 10**6))),
        (KNeighborsClassifier(), replace("KNeighborsClassifier", "_fit_X", np.zeros((60, 3)))),
    ],
)
def test_compiled_code_is_given_no_arrays_that_do_not_fit(model, change, path, spectra):
    save_model(clone(model).fit(*spectra), path)
    rewrite(path, change)
    with pytest.raises(ValueError, match="do not fit together|out of its nodes"):
        load_model(path)
