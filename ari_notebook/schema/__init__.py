"""ARI's declared surface as data: operations, parameters, models, since-versions.

`builtin()` returns the declaration of Asterisk 22.10, `from_api_docs(files)` another server's.
"""

from ari_notebook.schema.builtin import builtin, builtin_files
from ari_notebook.schema.descriptions import explained
from ari_notebook.schema.diff import Change, Difference, diff
from ari_notebook.schema.docs import docstring, reference, signature
from ari_notebook.schema.model import (
    Declaration,
    ErrorCode,
    Model,
    ModelField,
    Operation,
    Parameter,
    UnknownName,
    snake_case,
)
from ari_notebook.schema.suggest import did_you_mean, nearest
from ari_notebook.schema.swagger import from_api_docs
from ari_notebook.schema.validation import Checked, InvalidArguments, check

__all__ = [
    "Change",
    "Checked",
    "Declaration",
    "Difference",
    "ErrorCode",
    "InvalidArguments",
    "Model",
    "ModelField",
    "Operation",
    "Parameter",
    "UnknownName",
    "builtin",
    "builtin_files",
    "check",
    "did_you_mean",
    "diff",
    "docstring",
    "explained",
    "from_api_docs",
    "nearest",
    "reference",
    "signature",
    "snake_case",
]
