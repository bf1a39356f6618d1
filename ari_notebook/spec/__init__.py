"""ARI's declared surface as data: operations, parameters, models, since-versions.

`builtin()` is what Asterisk 22.10 declares; `from_api_docs(files)` reads what another server does.
"""

from ari_notebook.spec.builtin import builtin, builtin_files
from ari_notebook.spec.checking import Checked, InvalidArguments, check
from ari_notebook.spec.declaration import (
    Declaration,
    ErrorCode,
    Field,
    Model,
    Operation,
    Parameter,
    UnknownName,
    snake_case,
)
from ari_notebook.spec.difference import Change, Difference, diff
from ari_notebook.spec.explaining import explained
from ari_notebook.spec.nearness import did_you_mean, nearest
from ari_notebook.spec.swagger import from_api_docs

__all__ = [
    "Change",
    "Checked",
    "Declaration",
    "Difference",
    "ErrorCode",
    "Field",
    "InvalidArguments",
    "Model",
    "Operation",
    "Parameter",
    "UnknownName",
    "builtin",
    "builtin_files",
    "check",
    "did_you_mean",
    "diff",
    "explained",
    "from_api_docs",
    "nearest",
    "snake_case",
]
