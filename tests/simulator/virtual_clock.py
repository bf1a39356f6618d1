"""Time that passes when a test says so."""

import heapq
import itertools


class VirtualClock:
    def __init__(self, now=1_000_000.0):
        self.now = now
        self._due = []
        self._count = itertools.count()

    def after(self, seconds, action):
        timer = _Timer(action)
        heapq.heappush(self._due, (self.now + seconds, next(self._count), timer))
        return timer

    def advance(self, seconds):
        end = self.now + seconds
        while self._due and self._due[0][0] <= end + 1e-9:
            self.now, _, timer = heapq.heappop(self._due)
            timer.run()
        self.now = end


class _Timer:
    def __init__(self, action):
        self._action = action

    def cancel(self):
        self._action = lambda: None

    def run(self):
        self._action()
