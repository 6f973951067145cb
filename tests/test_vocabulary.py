"""The words of the inverted index: near to what is filed under them, and with about as much under each."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from counterfoil.edits import Scenery
from counterfoil.fingerprints import sketch_image
from counterfoil.fingerprints.features import multiscale_orb_features
from counterfoil.matching.vocabulary import choose_words, word_index


@pytest.fixture(scope="module")
def descriptors() -> NDArray[np.uint8]:
    """The ORB descriptors of drawn pictures."""
    drawn = [Scenery().picture(np.random.default_rng(seed), (500, 500)) for seed in range(16)]
    greys = [sketch_image(image, str(number)).grey for number, image in enumerate(drawn)]
    return np.concatenate([multiscale_orb_features(grey).descriptors for grey in greys])


def test_chosen_words_are_nearer_and_their_lists_more_even_than_drawn_ones(descriptors: NDArray[np.uint8]) -> None:
    number = len(descriptors) // 100
    drawn = descriptors[np.sort(np.random.default_rng(0).permutation(len(descriptors))[:number])]
    distance, unevenness = {}, {}
    for name, words in (("chosen", choose_words(descriptors, number)), ("drawn", drawn)):
        found, filed = word_index(words).search(descriptors, 1)
        lengths = np.bincount(filed[:, 0], minlength=number)
        distance[name], unevenness[name] = found.mean(), np.mean(lengths**2) / lengths.mean() ** 2
    assert distance["chosen"] < distance["drawn"] - 4
    assert unevenness["chosen"] < 1.45 < unevenness["drawn"]


@given(st.integers(1, 60), st.data())
def test_there_are_as_many_words_as_asked_for_and_always_the_same(many: int, data: st.DataObject) -> None:
    number = data.draw(st.integers(1, many))
    descriptors = np.random.default_rng(many).integers(0, 256, (many, 32), dtype=np.uint8)
    words = choose_words(descriptors, number)
    assert words.shape == (number, 32)
    assert np.array_equal(words, choose_words(descriptors, number))


def test_the_nearest_of_many_words_is_mostly_found_through_groups() -> None:
    words = np.random.default_rng(3).integers(0, 256, (3_000, 32), dtype=np.uint8)
    _, found = word_index(words).search(words[:200] ^ np.uint8(1), 1)
    assert np.mean(found[:, 0] == np.arange(200)) > 0.6
