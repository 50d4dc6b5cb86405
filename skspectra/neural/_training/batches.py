"""Batches of spectra that are on the device: shuffled to train on, in order to score."""

import torch

__all__ = ["ScoringBatches", "TrainingBatches"]


class TrainingBatches:
    """Shuffled batches of spectra, weights and targets that are on the device already.

    Rows are spread evenly over the batches, so that none is smaller than another by more than one
    row and none has a single row, in which batch normalisation has no variance to divide by.

    Parameters
    ----------
    X : dict of str to tensor
        Spectra ``"X"`` of shape (n_spectra, n_channels), of which a batch is cast to float32, and
        what else belongs to each row.
    y : tensor of shape (n_spectra,) or (n_spectra, n_targets)
        Codes of the classes, or numbers.
    batch_size : int
        Most rows in a batch; one more if it is 2 and the number of rows is odd.
    perturb : callable, default=None
        From the spectra of a batch to those the net is shown.
    generator : torch.Generator, default=None
        What the order is drawn from, on the device; None is torch's global one.

    Attributes
    ----------
    sizes : list of int
        Number of rows in each batch.
    """

    def __init__(self, X, y, batch_size, perturb=None, generator=None):
        self.X = X
        self.y = y
        self.perturb = perturb
        self.generator = generator
        self.sizes = self._sizes(len(y), batch_size)

    def __len__(self):
        return len(self.sizes)

    def __iter__(self):
        for rows in self.draw_rows():
            yield self.take(rows)

    def draw_rows(self):
        """Rows of all batches, in a new order at every call."""
        return self._order(len(self.y), self.y.device).split(self.sizes)

    def take(self, rows):
        """Batch of some rows."""
        return self._batch(rows, self.X["X"].index_select(0, rows))

    def _order(self, n_rows, device):
        return torch.randperm(n_rows, generator=self.generator, device=device)

    @staticmethod
    def _sizes(n_rows, batch_size):
        n_batches = max(1, min(-(-n_rows // batch_size), n_rows // 2))
        return [(n_rows + number) // n_batches for number in reversed(range(n_batches))]

    def _batch(self, rows, spectra):
        """Batch of some rows, with their spectra as the net is shown them."""
        X = {name: values.index_select(0, rows) for name, values in self.X.items() if name != "X"}
        spectra = spectra.float()
        X["X"] = spectra if self.perturb is None else self.perturb(spectra)
        return X, self.y.index_select(0, rows)


class ScoringBatches(TrainingBatches):
    """Batches of spectra in order, all but the last as large as they may be."""

    def __iter__(self):
        rows = torch.arange(len(self.y), device=self.y.device).split(self.sizes)
        for part, spectra in zip(rows, self.X["X"].split(self.sizes), strict=True):
            yield self._batch(part, spectra)

    @staticmethod
    def _sizes(n_rows, batch_size):
        return [min(batch_size, n_rows - start) for start in range(0, n_rows, batch_size)]
