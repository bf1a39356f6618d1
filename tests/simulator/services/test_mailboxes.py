import pytest

from ari_notebook.simulator.messages import AriRefusal
from ari_notebook.simulator.services.mailboxes import MailboxRegistry


def test_counts_are_kept_until_deleted() -> None:
    mailboxes = MailboxRegistry()
    assert mailboxes.list() == []
    mailboxes.update("alice@default", 3, 4)
    mailboxes.update("bob", 5, 6)
    mailboxes.update("alice@default", 11, 3)
    alice = {"name": "alice@default", "old_messages": 11, "new_messages": 3}
    assert mailboxes.get("alice@default") == alice
    mailboxes.delete("bob")
    assert mailboxes.list() == [alice]


@pytest.mark.parametrize("act", ["get", "delete"])
def test_unknown_mailbox_is_not_found(act: str) -> None:
    with pytest.raises(AriRefusal, match="Mailbox not found") as refused:
        getattr(MailboxRegistry(), act)("nosuch")
    assert refused.value.status == 404
