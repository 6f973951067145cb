"""Suspects, their assessments, verdicts and evidence."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from console.exports import ExportFormat
from console.schemas.fields import Id, Moment, Said, Shown, Whole
from console.schemas.market import ListingShown, ListingVersionShown
from counterfoil.models import CaptureMeans, CaptureRole, CaptureState, ReasonKind, SuspectState, Triage, VerdictKind
from counterfoil.store.verdict_batches import MOST_AT_ONCE
from indexer.query import Interval, Sort


class FiltersSaid(BaseModel):
    """What a search is restricted by, as `counterfoil search` takes it; all of it must be met."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    words: Annotated[
        str, Field(max_length=500, description="All must occur; what is in double quotes as it stands.")
    ] = ""
    brand: Annotated[str | None, Field(max_length=200, description="A brand's name.")] = None
    product: Annotated[str | None, Field(max_length=300, description="A product's id, SKU or name.")] = None
    marketplace: Annotated[str | None, Field(max_length=100)] = None
    seller: Annotated[str | None, Field(max_length=400, description="The marketplace's own id of the seller.")] = None
    verdict: Annotated[VerdictKind | Literal["none"] | None, Field(description="`none`: not decided yet.")] = None
    triage: Annotated[
        Literal["todo", "undecided", "changed", "snoozed", "decided"] | None,
        Field(description="`todo`: undecided, or changed since the verdict, and not put off."),
    ] = None
    run: Annotated[
        int | None, Field(ge=1, le=2**63 - 1, description="Only what this run found that was not suspected before.")
    ] = None
    min_score: Annotated[float | None, Field(ge=0, le=1)] = None
    since: Annotated[Moment | None, Field(description="First suspected then or later; with a time zone.")] = None
    until: Annotated[Moment | None, Field(description="First suspected before then; with a time zone.")] = None
    price: Annotated[
        str | None,
        Field(
            pattern=r"^[0-9]{0,12}(\.[0-9]{1,6})?(\.\.([0-9]{0,12}(\.[0-9]{1,6})?)?)?$",
            max_length=50,
            description="`LOW..HIGH`, `LOW..` or `..HIGH`; with `currency`.",
            examples=["10..50"],
        ),
    ] = None
    currency: Annotated[str | None, Field(pattern=r"^[A-Z]{3}$")] = None
    withdrawn: Annotated[bool, Field(description="Also those that later judgements no longer find suspicious.")] = False
    sort: Sort = Sort.SCORE


class SearchSaid(FiltersSaid):
    """The same, and which page of what is found, with which counts."""

    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: Annotated[str | None, Field(max_length=4_000)] = None
    histogram: Interval | None = None


class ExportSaid(FiltersSaid):
    """The same, and in which form."""

    format: ExportFormat = ExportFormat.CSV


class FoundSeller(Shown):
    """The seller of a suspect that was found."""

    id: str = Field(description="The marketplace's own id of it.")
    name: str | None


class FoundProduct(Shown):
    """A product that a suspect was held against."""

    id: Id
    name: str
    brand: str
    score: float


class FoundImage(Shown):
    """A suspect's picture."""

    sha256: str | None
    url: str


class ReasonShown(Shown):
    """One thing that was seen, in plain words; `weight` is the score that it alone would give."""

    kind: ReasonKind
    weight: float
    text: str
    evidence: dict[str, Any]


class FoundSuspect(Shown):
    """A suspect as a search shows it. `title_marks` says where in the title the searched words stand."""

    id: Id
    listing: str
    marketplace: str
    url: str
    title: str
    price: str | None
    currency: str | None
    seller: FoundSeller | None
    product: str | None
    products: list[FoundProduct]
    score: float
    reasons: list[ReasonShown]
    image: FoundImage | None
    image_distance: int | None
    state: SuspectState
    verdict: str | None
    triage: Triage
    snoozed_until: datetime | None
    first_suspected_at: datetime
    last_seen_at: datetime
    title_marks: list[tuple[int, int]]


class FacetValue(Shown):
    """A value of a facet: `value` is the filter that chooses it."""

    value: str
    label: str
    count: int


class FacetShown(Shown):
    """How many of the suspects found have each value."""

    values: list[FacetValue]
    exact: bool


class CountShown(Shown):
    """How many there are: exactly, or at least so many."""

    value: int
    exact: bool


class HistogramShown(Shown):
    """How many suspects were first suspected in each step of time, by its beginning."""

    steps: list[tuple[datetime, int]]
    exact: bool


class FoundPage(Shown):
    """One page of the suspects that a search finds."""

    suspects: list[FoundSuspect]
    total: CountShown
    facets: dict[str, FacetShown]
    histogram: HistogramShown | None
    next_cursor: str | None
    notice: str | None


class MatchShown(Shown):
    """A listing's picture that shows a reference image; `distance` is in bits of 256 where a hash decided."""

    image_sha256: str
    reference_image_id: int
    product_id: int
    score: float
    stage: str
    kind: str
    decision: str
    distance: int | None
    agreement: float | None


class ScoreShown(Shown):
    """How suspicious, 0..1, and why."""

    value: float
    reasons: list[ReasonShown]


class AssessmentShown(Shown):
    """What was made of the listing against one product."""

    product_id: int
    judge_version: str
    score: ScoreShown
    matches: list[MatchShown]


class SuspectRow(Shown):
    """A suspicious listing; `revision` grows with every change of what was judged or decided."""

    id: Id
    listing_id: int
    listing_version_id: int
    score: float
    state: SuspectState
    verdict: VerdictKind | None
    revision: int
    first_suspected_at: datetime
    updated_at: datetime
    verdict_version_id: int | None
    snoozed_at: datetime | None
    snoozed_until: datetime | None


class VerdictShown(Shown):
    """What a person decided about one version of a suspect's listing."""

    id: Id
    suspect_id: int
    listing_version_id: int
    kind: VerdictKind
    note: str | None
    decided_by: str
    decided_at: datetime
    undone_at: datetime | None
    batch: str | None


class FieldChangeShown(Shown):
    """A field of a listing that says something else now; of `images` those that are gone and those that are new."""

    field: str
    before: str | None
    after: str | None
    removed: list[str]
    added: list[str]


class CaptureFileShown(Shown):
    """A file of a capture, at `/api/v1/captures/{id}/{role}`; `deleted_at` says when retention deleted it."""

    role: CaptureRole
    sha256: str
    size: int
    media_type: str
    deleted_at: datetime | None


class CaptureShown(Shown):
    """A suspect's page, kept as evidence: what its address answered, when, how; `detail` is why it failed."""

    id: Id
    listing_version_id: int
    url: str
    state: CaptureState
    requested_at: datetime
    means: CaptureMeans | None
    status: int | None
    final_url: str | None
    detail: str | None
    captured_at: datetime | None
    files: list[CaptureFileShown]


class AbsenceShown(Shown):
    """A listing's own address says that it is not there: since when, and why; `gone_at` once a second look agreed."""

    first_at: datetime
    last_at: datetime
    why: str
    gone_at: datetime | None


class SuspectShown(Shown):
    """A suspect as a whole: its listing and present version, assessments (best first), verdicts (oldest first) and
    captures (newest first).

    `changes` is what the listing says otherwise than the version that the last verdict was about; `absence` is null
    where its address was not found empty.
    """

    suspect: SuspectRow
    listing: ListingShown
    version: ListingVersionShown
    assessments: list[AssessmentShown]
    verdicts: list[VerdictShown]
    product_names: dict[int, str]
    captures: list[CaptureShown]
    absence: AbsenceShown | None
    changes: list[FieldChangeShown]


class VerdictSaid(Said):
    """A decision about a suspect's present version."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"kind": "counterfeit", "note": "our photo, mirrored; a third of our price"}]}
    )

    kind: VerdictKind
    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=10_000, pattern=r"^[^\x00]*$")] | None = (
        None
    )


class SnoozeSaid(Said):
    """Until when a suspect is put off; without a time, until its listing changes, which ends it in any case."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"until": None}]})

    until: Annotated[Moment | None, Field(description="Ahead, at most a year; with a time zone.")] = None


class BatchedSuspect(Said):
    """A suspect and the revision that the decision is based on."""

    id: Id
    revision: Annotated[Whole, Field(ge=0, le=2**31 - 1)]


class VerdictBatchSaid(VerdictSaid):
    """One decision about many suspects; one that has changed since its revision is left as it is."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"kind": "counterfeit", "suspects": [{"id": 1, "revision": 1}]}]}
    )

    suspects: Annotated[list[BatchedSuspect], Field(min_length=1, max_length=MOST_AT_ONCE)]


class VerdictBatchShown(Shown):
    """One verdict about many: `suspect_ids` it was given about, `standing` where it is still the last that counts.

    `left` were asked for too and have changed since: nothing was decided about them. (Only in the answer to the POST.)
    """

    id: str
    kind: VerdictKind
    note: str | None
    decided_by: str
    decided_at: datetime
    suspect_ids: list[int]
    standing: list[int]
    left: list[int] = Field(default_factory=list)


class EvidenceShown(Shown):
    """A stored file that a suspect rests on; `path` is where its bytes are, unless retention has deleted them."""

    kind: Literal["image", "body", "capture"]
    sha256: str
    path: str
    source: str
    listing_version_id: int
    captured_at: datetime
    deleted_at: datetime | None
