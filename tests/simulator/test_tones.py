import pytest

from ari_notebook.simulator.tones import is_tone


@pytest.mark.parametrize(
    "text",
    ["ring", "ring;tonezone=fr", "ring;tonezone=zz", "ring;tonezone=", "440", "350+440",
     "!400/200", "!950/330,!1400/330,!1800/330,0"],
)  # fmt: skip
def test_tones(text):
    assert is_tone(text)


@pytest.mark.parametrize("text", ["", "nosuch", "ring;foo=bar", "440/", ";tonezone=us"])
def test_what_is_none(text):
    assert not is_tone(text)
