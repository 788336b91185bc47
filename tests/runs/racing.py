"""Processes that race for the same objects: what each of them won."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

from etl.errors import ConflictError
from etl.runs.stores import open_store

TOGETHER = None


def begin(barrier):
    global TOGETHER  # noqa: PLW0603 a barrier can only be inherited
    TOGETHER = barrier


def race(root, runner, rounds):
    """Return the rounds in which this runner created, or changed, the object of the round."""
    store, created, changed = open_store(root), [], []
    for number in range(rounds):
        for won, version in ((created, None), (changed, "current")):
            key, body = f"race/{number}", f"{runner} {version}".encode()
            seen = store.get(key).version if version else None
            TOGETHER.wait(120)
            try:
                store.put_if(key, body, seen)
            except ConflictError:
                pass
            else:
                won.append(number)
            TOGETHER.wait(120)
    return created, changed


def winners(root, runners, rounds):
    """Return who created and who changed the object of each round."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        runners, mp_context=context, initializer=begin, initargs=(context.Barrier(runners),)
    ) as pool:
        raced = list(pool.map(race, [root] * runners, range(runners), [rounds] * runners))
    return [
        [[runner for runner, won in enumerate(raced) if number in won[kind]] for number in range(rounds)]
        for kind in (0, 1)
    ]
