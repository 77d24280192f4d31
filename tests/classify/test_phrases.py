"""Each packaged phrase takes the reply that it is for."""

import pytest

from bounce_plugin.classify.normalise import normalise
from bounce_plugin.classify.tables import BUILT_IN


@pytest.mark.parametrize("rule", BUILT_IN.phrases)
def test_a_phrase_is_found_in_its_own_example(rule):
    phrase = BUILT_IN.phrases[rule]
    reading = BUILT_IN.phrasebook.read(normalise(phrase.example))
    assert rule in [match.phrase.rule for match in reading.matches]
