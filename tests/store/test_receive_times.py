"""Times of receipt, compared with a list of one time per event."""

from __future__ import annotations

from bisect import bisect_right

from hypothesis import given
from hypothesis import strategies as st

from ari_notebook.store.receive_times import ReceiveTimes


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(1, 4)), max_size=20),
    st.data(),
)
def test_times_equal_a_list_of_all(batches: list[tuple[int, int]], data: st.DataObject) -> None:
    times, every, now = ReceiveTimes(), list[int](), 10
    for later, events in batches:
        now += later
        every += [now] * events
        times.add(len(every), now)
        if data.draw(st.booleans()):
            whole = times.all_from(data.draw(st.integers(0, len(every))))
            assert whole.tolist() == every[len(every) - len(whole) :]
    kept = data.draw(st.integers(0, len(every)))
    times.forget(kept)
    before = times.all_from(kept)
    assert before.tolist() == every[kept:]
    times.add(len(every) + 5, now + 1)
    assert times.all_from(kept).tolist() == [*every[kept:], *[now + 1] * 5]
    assert before.tolist() == every[kept:]
    first = data.draw(st.integers(kept, len(every)))
    stop = data.draw(st.integers(first, len(every)))
    assert times.between(first, stop).tolist() == every[first:stop]
    moment = data.draw(st.integers(9, now + 1))
    if moment <= now:
        assert max(kept, times.find(moment)) == max(kept, bisect_right(every, moment))
