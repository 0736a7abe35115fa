"""The constants that ship belong to the encoder that ships."""

import numpy as np
import pytest

from search.encoders import load_encoder
from search.ranking.profile import profile_for


def test_the_bundled_encoder_has_a_profile():
    encoder = load_encoder()
    profile = profile_for(encoder.fingerprint)
    assert profile.direction.shape == (encoder.dimension,)
    assert np.linalg.norm(profile.direction) == pytest.approx(1, abs=1e-3)
    assert profile_for("some other model").direction.size == 0
