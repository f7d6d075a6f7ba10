"""What is known of one open run: its plan, and the answers that were handed in for it."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from alos.control.eval_plan import EvalPlan, get_judge
from alos.control.eval_record import HandedIn, is_answered, is_question
from alos.control.grants import list_workload_grants
from alos.control.plane import ControlPlane
from alos.control.refused import ChangeRefused
from alos.domain.bundle import Bundle
from alos.domain.evaluation import RunPurpose
from alos.domain.golden import GoldenCase, Grader
from alos.domain.ids import CallId, Digest, RunId, WorkflowId
from alos.domain.organisation import Organisation
from alos.domain.principal import CallerKind, Principal
from alos.domain.record import ClosingEntry, Fact, Outcome
from alos.domain.standing import KeyGrant
from alos.evals.answer import Answer, to_answer
from alos.evals.graders import Grade
from alos.evals.judge import read_verdict, write_question
from alos.ports.eval_runs import EvalRun
from alos.ports.wire import WireFormat

_SILENT = {True: "", False: "it says no", None: "it says nothing"}
_LARGEST_ANSWERS = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveRelease:
    """The release that a lineage's runs are counted and compared from."""

    digest: Digest
    since_unix: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunWish:
    """What somebody wants evaluated.

    Attributes:
        key: id or prefix of the key that will make the calls; empty where a workload's own token
            makes them.
        bases: further bundles that bind the run, e.g. the pull request's base.
    """

    digest: Digest
    key: str = ""
    purpose: RunPurpose = RunPurpose.TRIAL
    repeats: int = 1
    bases: tuple[Digest, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalReach:
    """What a calibration asks for of the evals around it.

    Attributes:
        read_calls: records of all calls under a run's id, oldest first.
        catch_up: returns once all calls that have been answered are in the index (blocks).
    """

    get_bundle: Callable[[Digest], Awaitable[Bundle | None]]
    read_calls: Callable[[RunId], Awaitable[list[ClosingEntry]]]
    catch_up: Callable[[], object]
    get_now_unix: Callable[[], int]
    formats: Mapping[str, WireFormat]


def find_key(plane: ControlPlane, wanted: str, workflow: WorkflowId, by: Principal) -> KeyGrant:
    """The key that will make a run's calls; a workload that names none calls by its own token.

    Raises:
        ChangeRefused: there is none, or it is not good for the workflow.
    """
    key = plane.keys.get(wanted).grant if wanted else _find_workload(plane, by)
    if workflow not in key.workflows or key.revoked:
        raise ChangeRefused(f"the key {key.prefix}… is not good for {workflow}")
    return key


def _find_workload(plane: ControlPlane, by: Principal) -> KeyGrant:
    if by.kind is not CallerKind.WORKLOAD:
        raise ChangeRefused("name the key that will make the calls")
    now = plane.configuration
    for grant in list_workload_grants(now.organisation, now.bundles):
        if grant.id == by.authentication.grant:
            return grant
    raise ChangeRefused("the workload's rule in alos.yaml names workflows of two workspaces")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A call to the judge that the client has to make under the run."""

    case: str
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorGrade:
    """What an author's own program said of an answer; it can only take away."""

    call: CallId
    criterion: int
    holds: bool | None
    why: str


@dataclass(slots=True)
class Desk:
    """An open run; held in memory until it ends, so a restart has answers handed in again."""

    run: EvalRun
    plan: EvalPlan
    answers: dict[CallId, Answer] = field(default_factory=dict)
    verdicts: dict[str, Grade] = field(default_factory=dict)
    author_grades: dict[str, Grade] = field(default_factory=dict)
    size_bytes: int = 0

    @property
    def handed_in(self) -> HandedIn:
        """Everything that matched its record."""
        return HandedIn(
            answers=self.answers, verdicts=self.verdicts, author_grades=self.author_grades
        )

    def read(
        self, closing: ClosingEntry, body: bytes, formats: Mapping[str, WireFormat]
    ) -> Answer:
        """An answer's content, where its bytes are those that the record speaks of.

        Raises:
            ChangeRefused: they are not, or there is too much of it.
        """
        if dict(closing.facts).get(Fact.RUN) != self.run.id:
            raise ChangeRefused(f"{closing.call_id} is no call of this run")
        if closing.outcome is not Outcome.ANSWERED or not is_answered(closing):
            raise ChangeRefused(f"{closing.call_id} was not answered afresh")
        if hashlib.sha256(body).hexdigest() != closing.output_hash:
            raise ChangeRefused(f"the answer of {closing.call_id} is not the one in its record")
        self.size_bytes += len(body)
        if self.size_bytes > _LARGEST_ANSWERS:
            raise ChangeRefused(f"a run's answers may have {_LARGEST_ANSWERS} bytes together")
        try:
            view = formats[closing.wire_format].read_answer(body)
        except (KeyError, ValueError) as error:
            raise ChangeRefused(f"the answer of {closing.call_id} can't be read") from error
        return to_answer(view, cost_nanousd=closing.cost_nanousd, duration_ms=closing.duration_ms)

    def take(
        self, closing: ClosingEntry, answer: Answer, organisation: Organisation
    ) -> list[Question]:
        """Keep an answer; what the judge has yet to be asked about it."""
        name = dict(closing.facts).get(Fact.CASE, "")
        if is_question(closing):
            self.verdicts[name] = read_verdict(answer)
            return []
        case = next((one for one in self.plan.bundle.cases if one.id == name), None)
        if case is None:
            return []
        self.answers[closing.call_id] = answer
        asked = self._ask(case, closing.call_id, answer, organisation)
        return [one for one in asked if one.case not in self.verdicts]

    def take_grades(self, grades: Sequence[AuthorGrade]) -> None:
        """Keep what the author's programs said.

        Raises:
            ChangeRefused: a grade is about a grader of ours, which nobody may hand in.
        """
        places = {
            place
            for case in self.plan.bundle.cases
            for place, criterion in enumerate(case.criteria)
            if criterion.grader.is_author_supplied
        }
        for grade in grades:
            if grade.call not in self.answers or grade.criterion not in places:
                raise ChangeRefused("only an author-supplied grader's word can be handed in")
            name = f"{grade.call}/{grade.criterion}"
            self.author_grades[name] = Grade(grade.holds, grade.why[:200] or _SILENT[grade.holds])

    def _ask(
        self, case: GoldenCase, call_id: CallId, answer: Answer, organisation: Organisation
    ) -> list[Question]:
        return [
            Question(
                case=f"{call_id}/{place}",
                body=write_question(
                    case,
                    criterion,
                    answer,
                    model=get_judge(criterion.model, self.plan.bundle, organisation),
                    wire_format=self.plan.wire_format,
                ),
            )
            for place, criterion in enumerate(case.criteria)
            if criterion.grader is Grader.JUDGE
        ]
