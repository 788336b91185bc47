"""Leases under deaths, lost answers, stopped processes and wrong clocks: every call to the store is numbered.

``make faults`` is the long form: with ``--rounds 5`` every seventh pair of deaths, with ``--rounds 35`` all.
"""

import itertools
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from attrs import define, evolve, field
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from etl.engine.stop import Stop
from etl.errors import ConflictError, EtlError, LeaseLostError, TargetLockedError
from etl.runs import claim, held, holders, leases
from etl.runs.holders import Holder, Lease, run_key, target_key
from etl.runs.leases import Leases
from etl.runs.objects import Entry, Stored, overwrite, settled
from etl.runs.processes import Here, Process
from etl.runs.stores import open_store
from tests.faults.numbered import HOW, Died, Line

AT = datetime(2013, 2, 9, 6, 0, tzinfo=UTC)
TERM = 60
TARGETS = {"s3://lake/clean/a": "clean.a", "s3://lake/clean/b": "clean.b", "s3://lake/clean/c": "clean.c"}


def said(body, kind):
    return holders.read(SimpleNamespace(get=lambda _: Stored(body, "")), "", kind)[0]


@define(eq=False)
class World:
    """A store with a clock of its own, processes, and all that must never happen."""

    seconds: float = 0.0
    objects: dict[str, tuple[Stored, datetime]] = field(factory=dict)
    versions: object = field(factory=itertools.count)
    conditions: dict[Process, str] = field(factory=dict)
    actors: list = field(factory=list)
    published: dict[str, list[int]] = field(factory=dict)
    violations: list[str] = field(factory=list)

    def wrong(self, what):
        self.violations.append(what)

    def get(self, key):
        return self.objects[key][0] if key in self.objects else None

    def put_if(self, key, body, version):
        found = self.get(key)
        if (found.version if found else None) != version:
            return settled(key, body, found)
        self.look_on(key, found, body)
        self.objects[key] = (Stored(body, str(next(self.versions))), AT + timedelta(seconds=self.seconds))
        return self.objects[key][0].version

    def look_on(self, key, found, body):
        if key.startswith(holders.TARGETS):
            self.watch(found and said(found.body, Lease), said(body, Lease))
        elif found and said(body, Holder).lost_to:
            self.spare(said(found.body, Holder), "found dead")

    def list(self, prefix):
        return iter([Entry(key, 0, at) for key, (_, at) in sorted(self.objects.items()) if key.startswith(prefix)])

    def delete(self, key, version):
        found = self.get(key)
        if found and version not in {None, found.version}:
            raise ConflictError(key)
        self.objects.pop(key, None)

    def watch(self, before, after):
        """A lease changes hands."""
        if before and after.token <= before.token:
            self.wrong(f"token {after.token} after {before.token}")
        if before:
            self.spare(before, "robbed")

    def spare(self, one, what):
        for actor in self.actors:
            if actor.nonce == one.nonce and actor.is_at_work:
                self.wrong(f"{actor.name} is at work, and was {what}")


@define(eq=False, kw_only=True)
class Stage(World):
    """The same around a real store, whose times are its own: for runs of one machine, where times do not count."""

    store: object

    def get(self, key):
        return self.store.get(key)

    def put_if(self, key, body, version):
        found = self.get(key)
        if (found.version if found else None) == version:
            self.look_on(key, found, body)
        written = self.store.put_if(key, body, version)
        self.objects[key] = (Stored(body, written), AT + timedelta(seconds=self.seconds))
        return written

    def list(self, prefix):
        return self.store.list(prefix)

    def delete(self, key, version):
        self.store.delete(key, version)
        self.objects.pop(key, None)


@define(eq=False)
class Actor:
    """A run in a process of its own: it takes the targets, publishes to each, and ends."""

    world: World
    name: str
    space: str = "one machine"
    skew: float = 0.0
    line: Line = None
    run: object = None
    heard: float = 0.0
    behind: float = 0.0
    pid: int = field(factory=itertools.count(1000).__next__)
    closed: list = field(factory=list)
    stop: Stop = field(factory=Stop)
    done: list = field(factory=list)

    def __attrs_post_init__(self):
        self.line = self.line or Line(self.world)
        self.world.conditions[self.process] = "running"
        self.world.actors.append(self)

    @property
    def process(self):
        return Process(self.pid, "then")

    @property
    def nonce(self):
        return self.run.holder.nonce if self.run else ""

    @property
    def is_at_work(self):
        """What nobody may take from: it runs, and has renewed within its term as the store's clock counts."""
        there = self.world.objects.get(run_key(self.name))
        if self.line.dead or not there or said(there[0].body, Holder).lost_to:
            return False
        silent = AT + timedelta(seconds=self.world.seconds) - there[1] > timedelta(seconds=TERM)
        return self.world.conditions[self.process] == "running" and not silent

    def leases(self):
        return Leases(
            store=self.line,
            term=TERM,
            here=Here("host", self.space, self.process),
            look=lambda process: self.world.conditions.get(process, "gone"),
            clock=lambda: self.world.seconds - self.behind,
            now=lambda: AT + timedelta(seconds=self.world.seconds + self.skew),
            sleep=self.sleep,
            background=False,
        )

    def sleep(self, seconds):
        self.world.seconds += seconds

    def begin(self):
        self.run = self.leases().begin(self.name, self.stop)

    def take(self, targets=TARGETS, wait=0.0):
        self.run.take(targets, lambda lost: self.closed.append(lost.run_id), wait=wait)

    def publish(self, uri):
        """Commit, if the lease allows it; a commit under a token must not follow one under a higher token."""
        self.run.check(uri)
        token, before = self.run.tokens[target_key(uri)], self.world.published.setdefault(uri, [])
        if before and token < before[-1]:
            self.world.wrong(f"{self.name} published {uri} under {token} after {before[-1]}")
        before.append(token)
        self.done.append(uri)

    def whole(self, targets=TARGETS, wait=0.0):
        try:
            self.begin()
            self.take(targets, wait)
            self.run.renew()
            for uri in targets:
                self.publish(uri)
            self.run.end()
        except Died:
            self.die()
        except Exception:
            if self.run:
                self.run.end()
            raise
        return self

    def die(self):
        self.line.dead = True
        self.world.conditions[self.process] = "gone"


def lives_through(actor):
    """A living run that missed the answer to a write gets through; one that could not read may give up, cleanly."""
    try:
        actor.whole()
    except (TimeoutError, EtlError) as error:
        if actor.line.died_in == "put_if" or not isinstance(error, TimeoutError):
            actor.world.wrong(f"{actor.name} gave up: {error!r}")
    actor.die()


def recovers(world, machine, name="last"):
    """After any death a later run gets every target, leaves nothing held, and knows who was lost."""
    world.seconds += 2 * TERM if machine != "one machine" else 0
    last = Actor(world, name, machine)
    try:
        last.whole()
    except (TimeoutError, EtlError) as error:
        world.wrong(f"{name} did not get through: {error}")
    if list(holders.held(world)) or list(world.list(holders.RUNS)):
        world.wrong("something is held after all is over")


def calls_of_a_run():
    return Actor(World(), "count").whole().line.calls


def one_death():
    """Every call of a run dies in every way; the next run is on this machine or another; clocks are two hours off."""
    for at, how, machine, skew in itertools.product(
        range(1, calls_of_a_run() + 1), HOW, ("one machine", "another"), (-7200, 0, 7200)
    ):
        world = World()
        first = Actor(world, "first", skew=skew, line=Line(world, dies_at=at, how=how))
        lives_through(first)
        recovers(world, machine)
        yield f"first dies {how} call {at}, next on {machine}, clock off by {skew} s", world


def one_death_in(store_of, step):
    """The same on one machine, over a real store."""
    every = itertools.product(range(1, calls_of_a_run() + 1), HOW)
    for number, (at, how) in enumerate(itertools.islice(every, 0, None, step)):
        world = Stage(store=store_of(number))
        lives_through(Actor(world, "first", line=Line(world, dies_at=at, how=how)))
        recovers(world, "one machine")
        yield f"first dies {how} call {at}", world


def two_deaths(step):
    """A run dies, and the run that takes over dies too; a third gets through."""
    every = itertools.product(range(1, calls_of_a_run() + 1), HOW[:2], range(1, 30), HOW, ("one machine", "another"))
    for at, how, then, so, machine in itertools.islice(every, 0, None, step):
        world = World()
        Actor(world, "first", line=Line(world, dies_at=at, how=how)).whole()
        world.seconds += 2 * TERM if machine != "one machine" else 0
        lives_through(Actor(world, "second", machine, line=Line(world, dies_at=then, how=so)))
        world.seconds += 2 * TERM if machine != "one machine" else 0
        recovers(world, "one machine" if machine == "one machine" else "a third")
        yield f"first dies {how} call {at}; second, on {machine}, {so} call {then}", world


def publishes_after_all(actor):
    """A run that was cut off goes on: it renews and publishes, where it is let."""

    def go_on():
        actor.world.conditions[actor.process] = "running"
        for uri in TARGETS:
            try:
                actor.publish(uri)
            except LeaseLostError:
                return

    return go_on


def renews_after_all(actor):
    def go_on():
        actor.world.conditions[actor.process] = "running"
        try:
            actor.run.renew()
        except LeaseLostError:
            return

    return go_on


def whole_run(actor):
    def go_on():
        try:
            Actor(actor.world, "amid", "a third").whole()
        except TargetLockedError:
            return

    return go_on


def meetings():
    """While one run takes over from another that was silent for too long, at every call something happens.

    The silent one is stopped, or cut off on another machine; its own clock has stood still meanwhile, or not.
    """
    acts = (publishes_after_all, renews_after_all, whole_run)
    for at, act, machine, slept in itertools.product(range(1, 26), acts, ("one machine", "another"), (False, True)):
        world = World()
        zombie = Actor(world, "zombie")
        zombie.begin()
        zombie.take()
        world.conditions[zombie.process] = "stopped"
        world.seconds += 2 * TERM
        zombie.behind = 2 * TERM if slept else 0.0
        second = Actor(world, "second", machine, line=Line(world, between={at: act(zombie)}))
        try:
            second.whole()
        except TargetLockedError:
            pass  # the zombie renewed in time, or the third run was faster
        except LeaseLostError as error:
            world.wrong(f"second was at work all the time: {error}")
        publishes_after_all(zombie)()
        zombie.die()
        second.die()
        recovers(world, machine)
        yield f"{act.__name__} at call {at}, on {machine}, its clock {'stood still' if slept else 'went on'}", world


def wrong_clocks():
    """A run at work on one machine, another run on another: whatever their clocks say, only silence counts."""
    for one, other in itertools.product((-7200, 0, 7200), repeat=2):
        world = World()
        first, second = Actor(world, "first", "one machine", one), Actor(world, "second", "another", other)
        first.begin()
        first.take()
        try:
            second.whole()
            world.wrong("two runs hold the targets")
        except TargetLockedError:
            publishes_after_all(first)()
        if len(first.done) != len(TARGETS):
            world.wrong("the first cannot publish")
        world.seconds += 2 * TERM
        recovers(world, "another")
        yield f"clocks off by {one} s and {other} s", world


def broken(scenarios):
    return [(said, world.violations) for said, world in scenarios if world.violations]


def test_a_death_or_a_lost_answer_at_any_call_leaves_nothing_held_and_nothing_taken_from_the_living():
    scenarios = list(one_death())

    assert len(scenarios) >= 300
    assert broken(scenarios) == []


def test_two_deaths_in_a_row_leave_nothing_held(request):
    scenarios = list(two_deaths(max(1, 35 // request.config.getoption("--rounds"))))

    assert len(scenarios) >= 100 * min(35, request.config.getoption("--rounds"))
    assert broken(scenarios) == []


@pytest.mark.parametrize("place", ["folder", "s3"])
def test_a_death_at_any_call_leaves_nothing_held_in_a_real_store(place, tmp_path, request):
    root = str(tmp_path) if place == "folder" else request.getfixturevalue("s3_bucket").root
    step = max(1, 15 // request.config.getoption("--rounds"))  # 3 and 4, the number of ways, have no common factor

    scenarios = list(one_death_in(lambda number: open_store(f"{root}/{number}"), step))

    assert len(scenarios) >= 15
    assert broken(scenarios) == []


def test_a_run_that_was_cut_off_for_too_long_meets_its_successor_at_any_call():
    scenarios = list(meetings())

    assert len(scenarios) >= 300
    assert broken(scenarios) == []


def test_a_clock_that_is_two_hours_off_takes_nothing_from_a_run_at_work():
    assert broken(wrong_clocks()) == []


def without_a_token(monkeypatch):
    """Before a publish only the run's own clock is asked, not the lease."""

    def check(self, uri):
        if self.clock() > self.until:
            self.renew()

    monkeypatch.setattr(held.Held, "check", check)


def with_a_token_that_stands_still(monkeypatch):
    real = claim.put
    monkeypatch.setattr(claim, "put", lambda store, key, lease, v: real(store, key, evolve(lease, token=1), v))


def without_a_second_look(monkeypatch):
    """An answer that was lost is a failure, and what landed late is somebody else's."""
    for module in (claim, held, leases):
        monkeypatch.setattr(module, "put", lambda store, key, value, v: store.put_if(key, holders.to_bytes(value), v))


def without_a_condition(monkeypatch):
    def put(store, key, value, version):
        overwrite(store, key, holders.to_bytes(value))
        return store.get(key).version

    for module in (claim, held, leases):
        monkeypatch.setattr(module, "put", put)


def with_times_that_are_older_than_the_bodies(monkeypatch):
    """A run that renews between the two is found dead by what it said last."""
    real = Leases.sweep

    def sweep(self, own, close):
        first = list(self.store.list(holders.RUNS))
        store = SimpleNamespace(**{name: getattr(self.store, name) for name in ("get", "put_if", "delete")})
        store.list = lambda _: iter(first)
        return real(evolve(self, store=store), own, close)

    monkeypatch.setattr(Leases, "sweep", sweep)


def with_two_clocks_compared(monkeypatch):
    """Whether a lease has expired is asked of this machine's clock and of the other's."""
    real = Leases.sweep

    def sweep(self, own, close):
        monkeypatch.setattr(Holder, "has_expired", lambda one, _: self.now() > one.expires + timedelta(seconds=30))
        return real(self, own, close)

    monkeypatch.setattr(Leases, "sweep", sweep)


def with_no_regard_for_the_living(monkeypatch):
    real = holders.standing
    monkeypatch.setattr(leases, "standing", lambda *given, **_: real(*given, expired=True))


@pytest.mark.parametrize(
    ("mutant", "scenarios"),
    [
        (without_a_token, meetings),
        (with_a_token_that_stands_still, one_death),
        (without_a_second_look, one_death),
        (without_a_condition, meetings),
        (with_times_that_are_older_than_the_bodies, meetings),
        (with_two_clocks_compared, wrong_clocks),
        (with_no_regard_for_the_living, wrong_clocks),
    ],
)
def test_the_suite_finds_what_is_wrong_with_a_lease(mutant, scenarios, monkeypatch):
    mutant(monkeypatch)

    assert next((world.violations for _, world in scenarios() if world.violations), []) != []


class Runs(RuleBasedStateMachine):
    """Runs on two machines begin, take, renew, publish, end, are stopped and killed, and clocks go wrong."""

    def __init__(self):
        super().__init__()
        self.world, self.number = World(), itertools.count()
        self.actors = []

    def some(self, number):
        return self.actors[number % len(self.actors)]

    def does(self, actor, act):
        """Do something as a process that goes on; what a run is refused, it may be."""
        if self.world.conditions[actor.process] != "running":
            return
        try:
            act()
        except TargetLockedError:
            actor.run.end()
        except (LeaseLostError, KeyError):
            pass  # it was found dead; or it never got the target

    @rule(machine=st.sampled_from(["one machine", "another"]), skew=st.sampled_from([-7200, 0, 7200]))
    def begins(self, machine, skew):
        actor = Actor(self.world, f"run-{next(self.number)}", machine, skew)
        actor.begin()
        self.actors.append(actor)

    @precondition(lambda self: self.actors)
    @rule(number=st.integers(0, 9), wanted=st.sets(st.sampled_from(sorted(TARGETS)), min_size=1))
    def takes(self, number, wanted):
        actor = self.some(number)
        self.does(actor, lambda: actor.take({uri: TARGETS[uri] for uri in wanted}))

    @precondition(lambda self: self.actors)
    @rule(number=st.integers(0, 9), uri=st.sampled_from(sorted(TARGETS)))
    def publishes(self, number, uri):
        actor = self.some(number)
        self.does(actor, lambda: actor.publish(uri))

    @precondition(lambda self: self.actors)
    @rule(number=st.integers(0, 9))
    def renews(self, number):
        actor = self.some(number)
        self.does(actor, actor.run.renew)

    @precondition(lambda self: self.actors)
    @rule(number=st.integers(0, 9))
    def ends(self, number):
        actor = self.some(number)
        self.does(actor, actor.run.end)

    @precondition(lambda self: self.actors)
    @rule(number=st.integers(0, 9), how=st.sampled_from(["running", "stopped", "gone"]))
    def is_treated(self, number, how):
        process = self.some(number).process
        if self.world.conditions[process] != "gone":
            self.world.conditions[process] = how

    @rule(seconds=st.sampled_from([1, 20, 61, 200]))
    def time_passes(self, seconds):
        self.world.seconds += seconds

    @precondition(lambda self: self.actors)
    @rule(number=st.integers(0, 9))
    def sleeps(self, number):
        self.some(number).behind += 100  # a clock that does not count the time in which its machine sleeps

    @invariant()
    def nothing_is_wrong(self):
        assert self.world.violations == []

    @invariant()
    def a_target_has_one_holder(self):
        held_by = [lease.uri for lease, _ in holders.held(self.world)]
        assert len(held_by) == len(set(held_by))

    def teardown(self):
        for actor in self.actors:
            actor.die()
        recovers(self.world, "a third")
        self.nothing_is_wrong()


Runs.TestCase.settings = settings(stateful_step_count=40)
TestRunsInAnyOrder = Runs.TestCase
