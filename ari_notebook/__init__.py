"""A telephone exchange in a Jupyter notebook: explore, teach and debug the Asterisk REST Interface."""

from ari_notebook._version import __version__

__all__ = ["__version__"]
