import dask.array as da
import h5py
import numpy as np
import pytest
import torch
import zarr
from quick_nets import KeepHeldOut, same_weights
from skorch.callbacks import EpochScoring

from skspectra._input import stored as stored_module
from skspectra._input.stored import StoredSpectra, row_edges
from skspectra.augmentation import EnergyShift, PCANoise, PoissonNoise
from skspectra.neural import (
    ConvDenseClassifier,
    DenseClassifier,
    FullyConvClassifier,
    FullyConvRegressor,
)
from skspectra.neural._estimators import base, outputs
from skspectra.neural._training import streaming, training
from skspectra.neural._training.streaming import StreamedScoringBatches, StreamedTrainingBatches
from skspectra.uncertainty import EnsembleClassifier, NoveltyRejector, _novelty

QUICK = {"n_filters": (4,), "kernel_sizes": (5,), "max_epochs": 3, "random_state": 0}


def unused(folder, suffix):
    folder.mkdir(exist_ok=True)
    return folder / f"{len(list(folder.iterdir()))}{suffix}"


def as_memmap(X, folder):
    path = unused(folder, ".raw")
    X.tofile(path)
    return np.memmap(path, X.dtype, "r", shape=X.shape)


def as_zarr(X, folder):
    stored = zarr.create_array(
        unused(folder, ".zarr"), shape=X.shape, chunks=(7, X.shape[1]), dtype=X.dtype
    )
    stored[:] = X
    return stored


def as_h5py(X, folder):
    return h5py.File(unused(folder, ".h5"), "w").create_dataset("X", data=X, chunks=(5, 4))


def as_contiguous_h5py(X, folder):
    return h5py.File(unused(folder, ".h5"), "w").create_dataset("X", data=X)


def as_dask(X, folder):
    return da.from_array(as_memmap(X, folder), chunks=(11, 9))


STORES = [as_memmap, as_zarr, as_h5py, as_contiguous_h5py, as_dask]


@pytest.fixture(params=STORES, ids=lambda store: store.__name__[3:])
def store(request, tmp_path):
    return lambda X: request.param(X, tmp_path)


@pytest.fixture
def streamed(monkeypatch):
    """Stream however few spectra there are, 24 channels in blocks of 3, 24 at a time."""
    monkeypatch.setattr(stored_module, "_READ_WHOLE", 0)
    monkeypatch.setattr(stored_module, "_MAPPED_SHARE", 0)
    monkeypatch.setattr(streaming, "_BLOCK", 3 * 24 * 4)
    monkeypatch.setattr(streaming, "_BUFFER", 24 * 24 * 4)


def sorted_peaks(n_spectra):
    """Spectra whose width tells their class, all of a class in a row."""
    rng = np.random.default_rng(0)
    codes = np.sort(np.arange(n_spectra) % 3)
    position = rng.uniform(9, 15, (n_spectra, 1))
    width = np.array([0.7, 2.1, 6.0])[codes][:, None]
    X = np.exp(-(((np.arange(24) - position) / width) ** 2) / 2)
    return (X + rng.normal(0, 0.02, X.shape)).astype(np.float32), codes


def test_small_stored_spectra_are_as_good_as_in_memory(store, spectra):
    X, y = spectra
    expected = FullyConvClassifier(**QUICK).fit(X, y)
    clf = FullyConvClassifier(**QUICK).fit(store(X), y)
    assert same_weights(clf, expected)
    np.testing.assert_array_equal(clf.predict_proba(store(X[:40])), expected.predict_proba(X[:40]))


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16, np.uint16, ">f4"])
def test_stored_spectra_are_predicted_block_by_block(store, spectra, streamed, monkeypatch, dtype):
    X = (1000 * np.abs(spectra[0])).astype(dtype)
    clf = FullyConvClassifier(**QUICK).fit(X.astype(np.float32), spectra[1])
    expected = clf.predict_proba(X.astype(np.float32))
    monkeypatch.setattr(outputs, "_AT_ONCE", 10 * 24)
    np.testing.assert_allclose(clf.predict_proba(store(X)), expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(clf.predict(store(X)), clf.predict(X))
    assert clf.activations(store(X))["block_1"].shape == (60, 4, 10)


def test_every_epoch_streams_every_spectrum_once(store, streamed):
    X = np.repeat(np.arange(100.0, dtype=np.float32)[:, None], 24, axis=1)
    rows = np.flatnonzero(np.arange(100) % 5)
    y, weight = torch.from_numpy(rows), torch.from_numpy(-rows)
    spectra = StoredSpectra(store(X)).select(rows)
    batches = StreamedTrainingBatches({"X": spectra, "sample_weight": weight}, y, 13)
    orders = []
    for _ in range(2):
        parts = list(batches)
        assert [len(yi) for _, yi in parts] == 3 * [12] + 4 * [11] == batches.sizes
        for Xi, yi in parts:
            assert torch.equal(Xi["X"][:, 3], yi.float())
            assert torch.equal(Xi["sample_weight"], -yi)
        orders.append(torch.cat([yi for _, yi in parts]))
        assert orders[-1].sort().values.tolist() == rows.tolist()
    assert not torch.equal(*orders)
    scored = list(StreamedScoringBatches(batches.X, y, 13))
    assert torch.equal(torch.cat([yi for _, yi in scored]), y)
    assert torch.equal(torch.cat([Xi["X"][:, 0] for Xi, _ in scored]), y.float())
    assert [len(yi) for _, yi in scored] == 6 * [13] + [2]


def test_every_buffer_has_its_share_of_all_parts(streamed):
    stored = StoredSpectra(np.zeros((900, 24), np.float32))
    batches = StreamedTrainingBatches({"X": stored}, torch.zeros(900), 20)
    dealt = [batches._buffers(np.random.default_rng(seed)) for seed in range(2)]
    assert dealt[0] != dealt[1]
    for buffers in dealt:
        assert len(buffers) == 900 // 24
        for buffer in buffers:
            assert len(buffer) in (8, 9)
            third = np.array([block.start // 300 for block in buffer])
            assert np.bincount(third, minlength=3).min() >= 2


def test_sorted_labels_are_learned_as_in_memory(tmp_path, streamed):
    X, y = sorted_peaks(900)
    X_new, y_new = sorted_peaks(300)
    params = QUICK | {"max_epochs": 25, "lr": 0.02, "dropout": 0.0}
    scores = {"streamed": [], "in memory": []}
    for seed in range(3):
        clf = FullyConvClassifier(**(params | {"random_state": seed}))
        scores["in memory"].append(clf.fit(X, y).score(X_new, y_new))
        scores["streamed"].append(clf.fit(as_memmap(X, tmp_path), y).score(X_new, y_new))
    assert min(scores["in memory"]) > 0.97
    assert np.mean(scores["streamed"]) > np.mean(scores["in memory"]) - 0.01


@pytest.mark.parametrize("net", [ConvDenseClassifier, DenseClassifier])
def test_other_nets_learn_from_a_stream(net, tmp_path, spectra, streamed):
    X, y = spectra
    params = {} if net is DenseClassifier else {"n_filters": (4,), "kernel_sizes": (5,)}
    clf = net(**params, max_epochs=40, lr=0.02, dropout=0.0, batch_size=20, random_state=0)
    assert clf.fit(as_zarr(X, tmp_path), y).score(X, y) == 1


def test_same_seed_same_weights(store, spectra, streamed):
    X, y = spectra
    one, two = (FullyConvClassifier(**QUICK, augment=PoissonNoise()) for _ in range(2))
    assert same_weights(one.fit(store(X), y), two.fit(store(X), y))


def test_first_batch_and_statistics_are_of_all_spectra(store, spectra, streamed):
    """One batch an epoch holds the same spectra, streamed or not; only their order differs."""
    X, y = spectra
    params = QUICK | {"dropout": 0.0, "batch_size": 60}
    weight = np.random.default_rng(0).uniform(0.5, 2, 60)
    expected = FullyConvClassifier(**params, class_weight="balanced").fit(X, y, weight)
    clf = FullyConvClassifier(**params, class_weight="balanced").fit(store(X), y, weight)
    np.testing.assert_allclose(clf.predict_proba(X), expected.predict_proba(X), atol=1e-4)
    losses = [[record["train_loss"] for record in each.history_] for each in (clf, expected)]
    np.testing.assert_allclose(*losses, rtol=1e-4)


def test_held_out_spectra_are_streamed_too(store, spectra, streamed):
    X, y = spectra
    params = QUICK | {"max_epochs": 8, "validation_fraction": 0.2, "patience": 2, "lr": 0.05}
    shift = EnergyShift(shift=(-1, 1), window=(4, 20))
    uncached = EpochScoring("accuracy", name="uncached", use_caching=False)
    clf = FullyConvClassifier(**params, augment=shift, callbacks=[KeepHeldOut, uncached])
    weight = np.random.default_rng(0).uniform(0.5, 2, 60)
    clf.fit(store(X), y, weight)
    held_out = KeepHeldOut.held_out.X["X"]
    assert isinstance(held_out, StoredSpectra)
    assert np.unique(y[held_out.rows], return_counts=True)[1].tolist() == [4, 4, 4]
    expected = FullyConvClassifier(**params, augment=shift, callbacks=[KeepHeldOut])
    expected.fit(X, y, weight)
    np.testing.assert_array_equal(
        np.sort(KeepHeldOut.held_out.X["X"][:, 0]), np.sort(X[held_out.rows, 4].astype(np.float32))
    )
    last = clf.history_[int(np.argmin([record["valid_loss"] for record in clf.history_]))]
    proba = clf.predict_proba(X[held_out.rows])
    codes = np.searchsorted(clf.classes_, y[held_out.rows])
    losses = -np.log(proba[np.arange(12), codes])
    assert np.average(losses, weights=weight[held_out.rows]) == pytest.approx(
        last["valid_loss"], rel=1e-4
    )
    assert last["uncached"] == last["valid_accuracy"]


def test_weight_zero_is_not_streamed(tmp_path, spectra, streamed):
    X, y = spectra
    weight = np.tile([1.0, 0.0, 2.0], 20)[np.random.default_rng(0).permutation(60)]
    params = QUICK | {"dropout": 0.0, "batch_size": 64}
    clf = FullyConvClassifier(**params).fit(as_memmap(X, tmp_path), y, weight)
    kept = weight > 0
    expected = FullyConvClassifier(**params).fit(X[kept], y[kept], weight[kept])
    np.testing.assert_allclose(clf.predict_proba(X), expected.predict_proba(X), atol=1e-4)


def test_augmenters_are_fitted_to_a_sample(store, streamed, monkeypatch, spectra):
    X, y = spectra
    monkeypatch.setattr(base, "_SAMPLE", 30)
    clf = DenseClassifier(max_epochs=1, augment=PCANoise(n_components=2), random_state=0)
    mean = clf.fit(store(X), y).augmenters_.augmenters[0].mean_
    assert 0.001 < np.abs(mean - X.mean(axis=0)).max() < 0.2
    np.testing.assert_array_equal(clf.fit(store(X), y).augmenters_.augmenters[0].mean_, mean)
    monkeypatch.setattr(base, "_SAMPLE", 60)
    mean = clf.fit(store(X), y).augmenters_.augmenters[0].mean_
    np.testing.assert_allclose(mean, X.mean(axis=0), atol=1e-6)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e39])
def test_first_bad_row_is_named_and_nothing_is_lost(store, spectra, streamed, value):
    X, y = spectra
    clf = FullyConvClassifier(**QUICK, warm_start=True).fit(X, y)
    before, classes = clf.predict_proba(X), clf.classes_
    bad = X.copy()
    bad[[53, 41], [2, 23]] = value
    with pytest.raises(ValueError, match="^Row 41 of X contains NaN, infinity or a value too"):
        clf.fit(store(bad), y)
    np.testing.assert_array_equal(clf.predict_proba(X), before)
    assert clf.n_iter_ == 3
    assert clf.classes_ is classes
    with pytest.raises(ValueError, match="^Row 41 of X"):
        clf.predict(store(bad))


def test_what_cannot_be_spectra_is_refused(tmp_path, spectra, streamed):
    X, y = spectra
    clf = FullyConvClassifier(**QUICK)
    image = da.zeros((4, 15, 24))
    with pytest.raises(ValueError, match=r"Expected 2D array, got .* \(4, 15, 24\).* reshape"):
        clf.fit(image, y)
    with pytest.raises(ValueError, match="real numbers, got dtype complex"):
        clf.fit(da.zeros((60, 24), dtype=complex), y)
    unknown = da.from_array(X)[da.from_array(X[:, 0]) > 0]
    with pytest.raises(ValueError, match="Call compute_chunk_sizes"):
        clf.fit(unknown, y)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        clf.fit(as_memmap(X, tmp_path), y[1:])
    clf.fit(as_memmap(X, tmp_path), y)
    with pytest.raises(ValueError, match="has 23 features, but .* is expecting 24"):
        clf.predict(da.from_array(X[:, 1:]))


def test_what_a_gpu_has_no_room_for_stays_where_it_is(monkeypatch):
    X = np.zeros((100, 24), np.float16)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (2 * X.nbytes - 2, 10**12))
    for given in (X, StoredSpectra(X)):
        placed = training._placed(given, torch.device("cuda"))
        assert isinstance(placed, StoredSpectra)
        assert placed.source is X
    assert torch.equal(streaming.as_tensor(placed, torch.device("cpu")), torch.from_numpy(X))


def test_blocks_hold_whole_chunks(tmp_path):
    X = np.zeros((50, 4))
    assert row_edges(X, 20).tolist() == [0, 20, 40, 50]
    assert row_edges(as_zarr(X, tmp_path), 20).tolist() == [0, 21, 42, 50]
    assert row_edges(as_zarr(X, tmp_path / "b"), 1).tolist() == [*range(0, 50, 7), 50]
    dask = da.from_array(X, chunks=((3, 4, 30, 2, 11), (4,)))
    assert row_edges(dask, 6).tolist() == [0, 7, 37, 50]
    assert row_edges(dask, 1).tolist() == [0, 3, 7, 37, 39, 50]


def test_reading_that_fails_ends_the_fit(spectra, streamed):
    class Broken(np.ndarray):
        chunks = None

        def __getitem__(self, rows):
            raise OSError("disk gone")

    X, y = spectra
    with pytest.raises(OSError, match="disk gone"):
        FullyConvClassifier(**QUICK).fit(X.view(Broken), y)


def test_ensemble_and_rejector_take_stored_spectra(store, spectra, streamed, monkeypatch):
    X, y = spectra
    net = DenseClassifier(max_epochs=20, dropout=0.0, batch_size=20)
    ensemble = EnsembleClassifier(net, n_members=2, random_state=0)
    rejector = NoveltyRejector(ensemble, n_components=3).fit(store(X), y)
    proba = rejector.predict_proba(X)
    np.testing.assert_allclose(rejector.predict_proba(store(X)), proba, rtol=1e-5, atol=1e-6)
    assert rejector.score(X, y) > 0.9
    novelty = rejector.novelty(X.astype(np.float32))
    np.testing.assert_allclose(rejector.novelty(store(X)), novelty, rtol=1e-4)
    assert np.mean(novelty <= 1) > 0.9
    monkeypatch.setattr(_novelty, "_SAMPLE", 30)
    of_half = NoveltyRejector(ensemble, n_components=3).fit(store(X), y)
    np.testing.assert_allclose(of_half.mean_, X[::2].mean(axis=0), atol=1e-6)


def test_regressor_calibrates_on_held_out_spectra_of_a_stream(store, spectra, request):
    X, y = spectra
    values = np.searchsorted(np.unique(y), y) + 2.0
    params = QUICK | {"max_epochs": 30, "lr": 0.02, "schedule": "constant", "dropout": 0.0}
    params |= {"validation_fraction": 0.3}
    small = FullyConvRegressor(**params).fit(store(X), values)
    expected = FullyConvRegressor(**params).fit(X, values)
    np.testing.assert_allclose(small.calibration_scores_, expected.calibration_scores_)
    request.getfixturevalue("streamed")
    clf = FullyConvRegressor(**params).fit(store(X), values)
    assert len(clf.calibration_scores_) == 18
    assert clf.score(store(X), values) > 0.8
