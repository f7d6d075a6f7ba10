"""Kill switches of several gateways: two ways that each work alone, and nothing gets lost."""

from collections.abc import Callable

import pytest

from alos.control.change_notes import ChangeNotes
from alos.control.kill_switches import KillSwitches
from alos.domain.fault import ChannelDown, StoreDown
from alos.domain.standing import Stop
from tests.control.release_desk import JumpingClock
from tests.control.test_plane import MemoryState
from tests.pipeline.conversation import MemoryJournal

TARGET = ("workflow", "support")


class MemoryChannel:
    """A :class:`alos.ports.stop_channel.StopChannel` within one process."""

    def __init__(self) -> None:
        self.stops: dict[tuple[str, str], Stop] = {}
        self.down = False

    def _check(self) -> None:
        if self.down:
            raise ChannelDown("down")

    async def tell(self, stop: Stop) -> None:
        self._check()
        self.stops[stop.kind, stop.target] = stop

    async def forget(self, kind: str, target: str) -> None:
        self._check()
        self.stops.pop((kind, target), None)

    async def list_stops(self) -> list[Stop]:
        self._check()
        return list(self.stops.values())

    async def wait(self, seconds: float) -> None:  # noqa: ARG002 - the port's shape
        self._check()


class Cluster:
    """Two gateways, one store, one channel."""

    def __init__(self) -> None:
        self.state, self.channel, self.clock = MemoryState(), MemoryChannel(), JumpingClock()
        self.swaps = {"a": 0, "b": 0}
        self.a, self.b = self.build("a"), self.build("b")

    def build(self, name: str) -> KillSwitches:
        def count() -> None:
            self.swaps[name] += 1

        made = KillSwitches(
            self.state,  # type: ignore[arg-type]
            notes=ChangeNotes(MemoryJournal(), self.clock),
            clock=self.clock,
            refresh=count,
        )
        made.channel = self.channel
        return made

    async def turn(self, one: KillSwitches) -> None:
        """What the jobs of a gateway do every quarter of a second, whatever is down."""
        for work in (one.hear_from_store, one.hear_from_channel, one.tell_rest, one.save):
            try:
                await work()
            except (StoreDown, ChannelDown):
                continue
        self.clock.unix += 1


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


async def pull(one: KillSwitches) -> None:
    await one.stop(*TARGET, by="ana", reason="")


def is_pulled(one: KillSwitches) -> bool:
    return TARGET in one.in_force


BREAKS: dict[str, Callable[[Cluster], None]] = {
    "nothing": lambda _: None,
    "store": lambda cluster: setattr(cluster.state, "down", True),
    "channel": lambda cluster: setattr(cluster.channel, "down", True),
}


def mend(cluster: Cluster) -> None:
    cluster.state.down = cluster.channel.down = False


@pytest.mark.parametrize("broken", BREAKS)
async def test_a_pull_reaches_the_other_gateway_with_either_way_down(
    cluster: Cluster, broken: str
) -> None:
    BREAKS[broken](cluster)
    await pull(cluster.a)
    assert is_pulled(cluster.a)
    await cluster.turn(cluster.b)
    assert is_pulled(cluster.b)
    assert cluster.swaps["b"] == 1
    way = "channel" if broken == "store" else "store"
    assert sum(cluster.b.delays.counts[way]) == 1


@pytest.mark.parametrize("broken", BREAKS)
async def test_once_all_is_back_everybody_knows_and_a_new_gateway_too(
    cluster: Cluster, broken: str
) -> None:
    BREAKS[broken](cluster)
    await pull(cluster.a)
    await cluster.turn(cluster.b)
    mend(cluster)
    for _ in range(2):
        await cluster.turn(cluster.a)
        await cluster.turn(cluster.b)
    assert TARGET in cluster.state.stops
    assert TARGET in cluster.channel.stops
    third = cluster.build("a")
    await third.load()
    assert is_pulled(third)


async def test_what_only_the_channel_heard_of_is_kept_by_another_gateway(cluster: Cluster) -> None:
    cluster.state.down = True
    await pull(cluster.a)  # and a is gone for good
    await cluster.turn(cluster.b)
    cluster.state.down = False
    await cluster.turn(cluster.b)
    assert TARGET in cluster.state.stops


@pytest.mark.parametrize("broken", ["nothing", "channel"])
async def test_a_revival_reaches_everybody_and_nothing_brings_it_back(
    cluster: Cluster, broken: str
) -> None:
    await pull(cluster.a)
    await cluster.turn(cluster.b)
    cluster.clock.unix += 5
    BREAKS[broken](cluster)
    await cluster.b.revive(*TARGET, by="ben")
    await cluster.turn(cluster.a)
    assert not is_pulled(cluster.a)
    mend(cluster)
    for _ in range(3):
        await cluster.turn(cluster.a)
        await cluster.turn(cluster.b)
        assert not is_pulled(cluster.a)
        assert not is_pulled(cluster.b)
    assert not cluster.channel.stops
    assert not cluster.state.stops


async def test_without_the_store_nothing_is_taken_back(cluster: Cluster) -> None:
    await pull(cluster.a)
    await cluster.turn(cluster.b)
    cluster.state.down = True
    with pytest.raises(StoreDown):
        await cluster.b.revive(*TARGET, by="ben")
    assert is_pulled(cluster.a)
    assert is_pulled(cluster.b)


async def test_what_a_store_or_channel_lost_stays_in_force(cluster: Cluster) -> None:
    await pull(cluster.a)
    await cluster.turn(cluster.b)
    cluster.state.stops.clear()
    cluster.channel.stops.clear()
    for one in (cluster.a, cluster.b, cluster.a, cluster.b):
        await cluster.turn(one)
        assert is_pulled(one)
    assert TARGET in cluster.state.stops
    assert TARGET in cluster.channel.stops


async def test_a_revival_in_the_second_of_the_pull_is_one(cluster: Cluster) -> None:
    await pull(cluster.a)
    await cluster.b.hear_from_channel()
    await cluster.b.save()
    await cluster.b.revive(*TARGET, by="ben")
    await cluster.a.hear_from_channel()  # has not looked into the store yet, and tells again
    await cluster.a.tell_rest()
    for _ in range(2):
        await cluster.b.hear_from_channel()
        assert not is_pulled(cluster.b)
        await cluster.turn(cluster.b)
        await cluster.turn(cluster.a)
        assert not is_pulled(cluster.a)
    assert not cluster.channel.stops


async def test_what_was_taken_back_before_it_was_kept_is_not_kept_by_anybody(
    cluster: Cluster,
) -> None:
    cluster.state.down = True
    await pull(cluster.a)
    await cluster.turn(cluster.b)
    cluster.state.down = False
    await cluster.b.revive(*TARGET, by="ben")  # the store has heard of no pull yet
    for one in (cluster.a, cluster.b, cluster.a):
        await cluster.turn(one)
    assert not is_pulled(cluster.a)
    assert not is_pulled(cluster.b)
    assert not cluster.state.stops


async def test_a_switch_can_be_pulled_again_after_its_revival(cluster: Cluster) -> None:
    await pull(cluster.a)
    cluster.clock.unix += 5
    await cluster.a.revive(*TARGET, by="ben")
    cluster.clock.unix += 1
    await pull(cluster.a)
    await cluster.turn(cluster.b)
    assert is_pulled(cluster.b)
    await cluster.turn(cluster.a)
    assert is_pulled(cluster.a)


async def test_news_that_is_older_than_a_pull_here_takes_nothing_back(cluster: Cluster) -> None:
    read = cluster.state.read_stop_news

    def pulled_meanwhile() -> object:
        news = read()
        cluster.a._unsaved[TARGET] = Stop(
            kind=TARGET[0],
            target=TARGET[1],
            since_unix=cluster.clock.unix,
            by="x",
            reason="",
            pulled_at_unix_ns=cluster.clock.unix_ns(),
        )
        return news

    cluster.state.read_stop_news = pulled_meanwhile  # type: ignore[method-assign,assignment]
    await cluster.a.hear_from_store()
    assert is_pulled(cluster.a)


@pytest.mark.parametrize("seconds", [0, 1, -10], ids=["at once", "later", "clock set back"])
@pytest.mark.parametrize("where", ["here", "elsewhere"])
async def test_a_switch_pulled_again_after_it_was_taken_back_is_in_force(
    cluster: Cluster, where: str, seconds: int
) -> None:
    await cluster.a.stop(*TARGET, by="ben", reason="")
    await cluster.turn(cluster.b)
    await (cluster.a if where == "here" else cluster.b).revive(*TARGET, by="ben")
    if where == "elsewhere":
        await cluster.a.hear_from_store()
    cluster.clock.unix += seconds - 1  # a turn takes one
    await cluster.a.stop(*TARGET, by="ben", reason="again")
    assert TARGET in cluster.a.in_force
    await cluster.turn(cluster.a)
    await cluster.turn(cluster.b)
    assert TARGET in cluster.a.in_force
    assert TARGET in cluster.b.in_force


async def test_a_pull_holds_though_nobody_told_of_the_revival_and_the_clock_is_behind(
    cluster: Cluster,
) -> None:
    cluster.channel.down = True
    await cluster.b.stop(*TARGET, by="ben", reason="")
    await cluster.b.revive(*TARGET, by="ben")
    cluster.clock.unix -= 60
    await cluster.a.stop(*TARGET, by="ben", reason="again")
    assert TARGET in cluster.a.in_force
    await cluster.turn(cluster.a)
    await cluster.turn(cluster.b)
    assert TARGET in cluster.a.in_force
    assert TARGET in cluster.b.in_force
