"""A process's way to a store whose every call is numbered: at one of them the process dies, or an answer is lost."""

from typing import Any

from attrs import define, field

HOW = ("before", "after", "lost", "refused")
"""A call dies before it lands or after it; or the process lives, and the answer, or the request, is lost."""


class Died(BaseException):
    """The process is no more: nothing of it runs on, no handler either."""


@define(eq=False)
class Line:
    """One process's way to the store. Before call number n something else may happen; at one call it dies."""

    world: Any
    calls: int = 0
    dies_at: int = 0
    how: str = "before"
    between: dict = field(factory=dict)
    dead: bool = False
    died_in: str = ""

    def __getattr__(self, name):
        if not hasattr(self.world, name):
            raise AttributeError(name)

        def call(*given, **named):
            if self.dead:
                raise Died
            self.calls += 1
            if self.calls in self.between:
                self.between.pop(self.calls)()
            here = self.calls == self.dies_at
            self.died_in = name if here else self.died_in
            if here and self.how in {"before", "refused"}:
                self.end()
            answer = getattr(self.world, name)(*given, **named)
            if here:
                self.end()
            return answer

        return call

    def end(self):
        if self.how in {"lost", "refused"}:
            raise TimeoutError
        self.dead = True
        raise Died
