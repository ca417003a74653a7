"""What the tests of this room share."""

import pytest

from bundles import probe


@pytest.fixture(scope="session")
def program() -> str:
    """The path of the built probe."""
    return str(probe.build())
