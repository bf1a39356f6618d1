import pickle

import pytest

from ari_notebook.client import errors


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.InvalidParameter),
        (401, errors.AuthenticationFailed),
        (403, errors.ReadOnly),
        (404, errors.NotFound),
        (409, errors.Conflict),
        (412, errors.PreconditionFailed),
        (422, errors.InvalidParameter),
        (500, errors.ServerError),
        (503, errors.ServerError),
        (418, errors.RequestFailed),
    ],
)
def test_each_status_has_its_class(status: int, kind: type[errors.AriError]) -> None:
    error = errors.error_for(status, "words", "GET /x")
    assert type(error) is kind
    assert error.status == status
    assert str(error).startswith(f"{status} words (GET /x)")


def test_conflict_about_stasis_explains_stasis() -> None:
    error = errors.error_for(409, "Channel not in Stasis application", "POST /channels/1/play")
    assert "The dialplan application Stasis hands" in error.hint
    assert "\n" not in str(error)


def test_every_error_is_in_the_tree_and_listed() -> None:
    kinds = [getattr(errors, name) for name in errors.__all__ if name[0].isupper()]
    assert all(issubclass(kind, errors.AriError) for kind in kinds)
    drawn = errors.__doc__
    assert all(kind.__name__ in drawn for kind in kinds)


def test_errors_survive_pickling() -> None:
    error = errors.error_for(404, "Channel not found", "GET /channels/1")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.status) == (type(error), str(error), 404)
