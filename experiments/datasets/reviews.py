"""IMDB: 50,000 film reviews as bags of words. Maas et al. 2011."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
from scipy import sparse

from .dataset import HELD_OUT, Dataset, split_by, stratified_rows
from .files import File, find, members, reading

FILE = File(
    "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz",
    "md5:7c2ac02c03563afcf9b574c7e56c153a",
    "aclImdb*",  # the archive, or the folder aclImdb in it
    (".", "imdb"),
)
WORDS = 10_000
REVIEW = re.compile(r"(?:.*/)?(train|test)/(neg|pos)/[^/.][^/]*\.txt")
WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")


def imdb(split: int) -> Dataset:
    """25,000 film reviews for training and validation, and 25,000 for the test; class 1 is a positive review.

    The columns are the 10,000 most frequent words of the training split, the most frequent first. An element is 1 if
    the review contains the word.
    """
    path = find("imdb", FILE)
    with reading(path, "archive of reviews"):
        found = {name: words_of(text) for name, text in members(path) if REVIEW.fullmatch(name)}
        names = sorted(found)  # the same rows from a folder as from an archive
        kinds = [REVIEW.fullmatch(name).groups() for name in names]  # type: ignore[union-attr]
        for kind in product(("train", "test"), ("neg", "pos")):
            if kind not in kinds:
                raise ValueError(f"it has no {'/'.join(kind)}/*.txt")
    words = [found[name] for name in names]
    part, opinion = np.array(kinds).T
    y = (opinion == "pos").astype(np.int64)
    train, test = np.flatnonzero(part == "train"), np.flatnonzero(part == "test")
    rows = {name: train[chosen] for name, chosen in stratified_rows(y[train], HELD_OUT, split).items()}
    vocabulary = most_frequent([words[row] for row in rows["train"]], WORDS)
    return split_by(rows | {"test": test}, "imdb", bags(words, vocabulary), y)


def words_of(text: bytes) -> list[str]:
    """Return the words in lower case, without punctuation and markup: "don't" is one word, "<br />" is none."""
    return WORD.findall(text.decode().replace("<br />", " ").lower())


def most_frequent(texts: Sequence[Sequence[str]], count: int) -> dict[str, int]:
    """Return the column of each word: the most frequent words come first, equally frequent ones alphabetically."""
    counts = Counter(word for text in texts for word in text)
    ranked = sorted(counts, key=lambda word: (-counts[word], word))[:count]
    return {word: column for column, word in enumerate(ranked)}


def bags(texts: Sequence[Sequence[str]], vocabulary: dict[str, int]) -> Any:
    """Return a `csr_array` of float32, (texts, words), with 1 where a text contains a word."""
    columns = [sorted({vocabulary[word] for word in text if word in vocabulary}) for text in texts]
    starts = np.cumsum([0, *map(len, columns)])
    indices = np.concatenate([np.asarray(row, dtype=np.int32) for row in columns])
    shape = (len(texts), len(vocabulary))
    return sparse.csr_array((np.ones(len(indices), np.float32), indices, starts.astype(np.int32)), shape=shape)
