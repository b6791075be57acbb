"""The training of many runs at once: their steps are done together, all else by each run alone.

**A member's metrics do not depend on which others are in its stack**: not on their losses,
lengths of questions, ends or faults. They depend on the stack's width, which is part of what a
checkpoint must have in common with the training that goes on from it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache, partial

from models.specs.experiment import ExperimentSpec
from models.specs.training import LstmEncoder
from worker.training.checkpoints import Checkpoints
from worker.training.data import RunData
from worker.training.devices import prepare_device
from worker.training.events import Event, StepDone, Untrained
from worker.training.stack.encoder import StackEncoder
from worker.training.stack.sharing import hits_all, shares_stack
from worker.training.stack.slots import Slots
from worker.training.stack.steps import Steps
from worker.training.state import TrainingState, identity_of


@dataclass(frozen=True)
class Member:
    """A run that is to be trained in a stack, as `train` would; its `spec` is that of the stack
    where it has none of its own."""

    arm: str
    seed: int
    checkpoints: Checkpoints | None = None
    spec: ExperimentSpec | None = None
    tested: bool = True


@dataclass(frozen=True)
class Failed:
    """Always last, in place of `Finished`: an exception of its own ended this member."""

    error: Exception


class Stack:
    """Up to `width` members of one experiment, trained at once; the other slots stay empty."""

    def __init__(
        self,
        spec: ExperimentSpec,
        members: Sequence[Member],
        data: RunData,
        *,
        width: int,
        device: str = "cpu",
    ) -> None:
        if not 1 <= len(members) <= width:
            raise ValueError(f"{len(members)} members do not fit a stack of {width}")
        for member in members:
            if not shares_stack(_own(spec, members[0]), _own(spec, member)):
                raise ValueError(f"{member.arm} and {members[0].arm} do not share a stack")
        own = _own(spec, members[0])
        assert isinstance(own.encoder, LstmEncoder)
        self._device, prepared = device, prepare_device(device)
        self._slots = Slots(width, own.encoder, data.vocabulary_size, prepared)
        self._encoder = StackEncoder(
            self._slots, data, prepared, padded=own.encoder.padding == "power_of_two"
        )
        self._steps = Steps(self._encoder, own.batch_size, own.negatives.given)
        fingerprint, more = cache(data.fingerprint), f"in a stack of {width}"

        def identity_of_member(m: Member) -> str:
            return identity_of(m.spec or spec, m.arm, m.seed, fingerprint(), device, more)

        self._checkpoints = [(m.checkpoints, partial(identity_of_member, m)) for m in members]
        self._trainings = [
            TrainingState(m.spec or spec, m.arm, m.seed, data, device, tested=m.tested)
            for m in members
        ]
        held = self._trainings[0].encoder.held  # all members start from the same vectors
        if held is not None:
            self._encoder.hold(held)
        for slot, training in enumerate(self._trainings):
            self._slots.give(slot, training.encoder)
        self._alive = set(range(len(members)))

    def events(self) -> Iterator[tuple[int, Event | Failed]]:
        """Yield what happens, each event with the index of its member. For each member the events
        are those of `train`, in that order; a `Failed` ends them too.

        Raises an exception that comes from what all members share: it ends the stack.
        """
        for slot in sorted(self._alive):
            yield from self._events_of(slot, self._begin)
        while self._alive:
            yield from self._ends()
            if self._alive:
                yield from self._advance()
                yield from self._untrained()
            for slot in sorted(self._alive):
                yield from self._events_of(slot, self._after_step)

    def drop(self, member: int) -> None:
        """Leave a member out from now on: there are no more events of it."""
        if member in self._alive:
            self._alive.remove(member)
            self._slots.clear(member)

    def _events_of(
        self, slot: int, events: Callable[[int], Iterator[Event]]
    ) -> Iterator[tuple[int, Event | Failed]]:
        """A member's own events, until their end, or until it is dropped or fails."""
        if slot not in self._alive:
            return
        try:
            for event in events(slot):
                yield slot, event
                if slot not in self._alive:
                    return
        except Exception as error:
            if hits_all(error, self._device):
                raise
            self.drop(slot)
            yield slot, Failed(error)

    def _begin(self, slot: int) -> Iterator[Event]:
        yield self._trainings[slot].begin(*self._checkpoints[slot])

    def _after_step(self, slot: int) -> Iterator[Event]:
        encoder, checkpoints = self._encoder.of(slot), self._checkpoints[slot]
        yield from self._trainings[slot].after_step(encoder, *checkpoints)

    def _ends(self) -> Iterator[tuple[int, Event | Failed]]:
        """The tests of the members that have ended. First all of them load the weights that they
        keep, so that the test pairs are encoded once for all of them."""
        ended = [slot for slot in sorted(self._alive) if self._trainings[slot].ended]
        kept = {slot: self._trainings[slot].load_kept_weights() for slot in ended}
        if ended:
            self._encoder.forget()
        for slot in ended:

            def end(slot: int) -> Iterator[Event]:
                yield from self._trainings[slot].end(self._encoder.of(slot), kept[slot])

            yield from self._events_of(slot, end)
            self.drop(slot)

    def _advance(self) -> Iterator[tuple[int, Event | Failed]]:
        """Do the next step of every member that is left."""
        yield from self._told(
            self._steps.advance({slot: self._trainings[slot] for slot in sorted(self._alive)})
        )

    def _untrained(self) -> Iterator[tuple[int, Event | Failed]]:
        """What the members measure whose first evaluation is next. First all of them get their
        initial weights, so that the pairs are encoded once for all of them."""
        due = [slot for slot in sorted(self._alive) if self._trainings[slot].measures_untrained]
        if not due:
            return
        with ExitStack() as initial:
            for slot in due:
                initial.enter_context(self._trainings[slot].with_initial_weights())
            measured = {slot: self._measure_untrained(slot) for slot in due}
        self._encoder.forget()
        yield from self._told(measured)

    def _measure_untrained(self, slot: int) -> Untrained | Exception:
        try:
            return self._trainings[slot].measure_untrained(self._encoder.of(slot))
        except Exception as error:
            if hits_all(error, self._device):
                raise
            return error

    def _told(
        self, outcomes: Mapping[int, StepDone | Untrained | Exception]
    ) -> Iterator[tuple[int, Event | Failed]]:
        """What came of something that was done for several members at once; an exception ends its
        member."""
        for slot, outcome in outcomes.items():
            if slot not in self._alive:  # dropped because of another member's event
                continue
            if isinstance(outcome, Exception):
                self.drop(slot)
                yield slot, Failed(outcome)
            else:
                yield slot, outcome


def _own(spec: ExperimentSpec, member: Member) -> ExperimentSpec:
    """The spec of the member's arm, in a stack of this spec."""
    return (member.spec or spec).for_arm(member.arm)
