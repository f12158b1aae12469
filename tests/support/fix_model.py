"""What fixes, rulings and reverts must come to, as a list of acts in memory.

Written from docs/fixes.md and not from the code: nothing of `forecourt.review`, `core.resolve` or
the store is used, so that the two can disagree. An act is a list of effects (what, number, whether
it holds from then on); everything that is asked is found by going through all acts again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from tests.support.shop import Answer

PAINT = {"Brilliant Red": "Red", "Blue": "Blue", "Champagne": None, None: None}
TYPE, COLOR = "image_type", "color"


@dataclass(frozen=True)
class Place:
    """Where an image stands in a sitemap; `image` is None where the URL could not be had."""

    vehicle: str
    title: str
    condition: str | None
    words: str | None  # the colour of the feed
    url: str
    image: int | None

    @property
    def subject(self) -> tuple[str, object]:
        """What a fix made here belongs to: the picture, or else the URL."""
        return ("url", self.url) if self.image is None else ("image", self.image)


@dataclass(frozen=True)
class Fixed:
    number: int
    act: int
    owner: str
    is_advertisers: bool
    everywhere: bool
    subject: tuple[str, object]
    url: str
    vehicle: str
    field: str
    before: str | None
    value: str | None
    model: str | None

    @property
    def party(self) -> tuple[str, bool]:
        return ("everyone" if self.everywhere else self.owner, self.is_advertisers)


@dataclass(frozen=True)
class Ruled:
    number: int
    act: int
    image: int
    field: str
    ruling: str
    said: frozenset[tuple[tuple[str, bool], str | None]]  # who said what then


@dataclass(frozen=True)
class Carried:
    """For one advertiser, `image` shows the picture of `source`."""

    advertiser: str
    image: int
    source: int
    with_color: bool


@dataclass
class Act:
    at: datetime
    effects: list[tuple[str, int, bool]] = field(default_factory=list)


@dataclass(frozen=True)
class Shown:
    """What the sitemap shows at one place."""

    status: str
    image_type: str
    type_source: str
    color: str | None
    color_source: str
    review: bool


class Refused(Exception):  # noqa: N818
    """The act is not allowed, or there is nothing for it to do."""


class Model:
    def __init__(self) -> None:
        self.acts: list[Act] = []
        self.fixes: list[Fixed] = []
        self.rulings: list[Ruled] = []
        self.carries: list[Carried] = []
        self.sitemaps: dict[str, list[Place]] = {}
        self.versions: list[tuple[str, Mapping[int, Answer]]] = []  # in the order of their answers
        self.champions: list[int] = []  # of `versions`; the last is the champion

    # ---- what was done ---------------------------------------------------------------------------

    def fix(
        self,
        at: datetime,
        advertiser: str,
        values: Mapping[str, str | None],
        fits: Callable[[Place], bool],
        *,
        as_advertiser: bool,
        everywhere: bool,
    ) -> None:
        """Fix what fits in the sitemap, each picture once, where it fits first."""
        if as_advertiser and everywhere:
            raise Refused
        places = self.places(advertiser, fits)
        if not places:
            raise Refused
        before = {place.subject: self.shown(advertiser, place) for place in places}
        act = self._begin(at)
        for place in places:
            shown = before[place.subject]
            for name, value in values.items():
                fixed = Fixed(
                    number=len(self.fixes),
                    act=act,
                    owner=advertiser,
                    is_advertisers=as_advertiser,
                    everywhere=everywhere,
                    subject=place.subject,
                    url=place.url,
                    vehicle=place.vehicle,
                    field=name,
                    before=shown.image_type if name == TYPE else shown.color,
                    value=value,
                    model=None if place.image is None else self.versions[self.champions[-1]][0],
                )
                self._add_fix(fixed)

    def places(self, advertiser: str, fits: Callable[[Place], bool]) -> list[Place]:
        first: dict[tuple[str, object], Place] = {}
        for place in self.sitemaps[advertiser]:
            if fits(place):
                first.setdefault(place.subject, place)
        return list(first.values())

    def revert_act(self, at: datetime, act: int, *, advertiser: str | None = None) -> None:
        """`advertiser`: who reverts, where it is not staff."""
        effects = self.acts[act].effects
        if advertiser is not None:
            self._check_own(advertiser, effects)
        turned = [
            (what, n, not holds) for what, n, holds in effects if self.holds(what, n) is holds
        ]
        if not turned:
            raise Refused
        self.acts[self._begin(at)].effects += turned

    def revert_fix(self, at: datetime, number: int, *, advertiser: str | None = None) -> None:
        if advertiser is not None:
            self._check_own(advertiser, [("fix", number, True)])
        if not self.holds("fix", number):
            raise Refused
        self.acts[self._begin(at)].effects.append(("fix", number, False))

    def rule(
        self,
        at: datetime,
        image: int,
        name: str,
        ruling: str,
        value: str | None,
        *,
        as_advertiser: bool,
    ) -> None:
        status, positions = self.standing(image, name)
        is_disagreement = len({fixed.value for fixed in positions}) > 1
        if as_advertiser or status == ruling or not (is_disagreement or ruling == "ambiguous"):
            raise Refused
        act = self._begin(at)
        said = frozenset((fixed.party, fixed.value) for fixed in positions)
        self.rulings.append(Ruled(len(self.rulings), act, image, name, ruling, said))
        self.acts[act].effects.append(("ruling", len(self.rulings) - 1, True))
        if ruling == "everyone":
            for fixed in self.history_of(image, name):
                if self.holds("fix", fixed.number):
                    self.acts[act].effects.append(("fix", fixed.number, False))
            # Noted where it is shown: an advertiser's own fix before staff's, the latest first.
            shown = max(
                positions, key=lambda one: (one.is_advertisers, not one.everywhere, one.number)
            )
            fixed = replace(
                shown,
                number=len(self.fixes),
                act=act,
                is_advertisers=False,
                everywhere=True,
                before=shown.value,
                value=value,
            )
            self._add_fix(fixed)

    def see(self, advertiser: str) -> None:
        """A scrape ended: fixes of URLs that had no picture are of the one that is there now."""
        images = {one.url: one.image for one in self.sitemaps[advertiser] if one.image is not None}
        for number, fixed in enumerate(self.fixes):
            kind, url = fixed.subject
            if kind == "url" and url in images and (fixed.everywhere or fixed.owner == advertiser):
                self.fixes[number] = replace(fixed, subject=("image", images[url]))

    def carry(self, advertiser: str, image: int, source: int, *, with_color: bool) -> None:
        """No act of anybody: it holds from the start. The first finding stays."""
        known = {(one.advertiser, one.image, one.source) for one in self.carries}
        if (advertiser, image, source) not in known:
            self.carries.append(Carried(advertiser, image, source, with_color))

    def refuse(self, at: datetime, advertiser: str, url: str, *, by: str | None) -> None:
        """Put out of force what was carried to the image at a URL."""
        (place,) = self.places(advertiser, lambda one: one.url == url)
        live = [
            number
            for number, one in enumerate(self.carries)
            if (one.advertiser, one.image) == (advertiser, place.image)
            and self.holds("carry", number)
        ]
        if by not in {None, advertiser} or not live:
            raise Refused
        effects = self.acts[self._begin(at)].effects
        effects += [("carry", number, False) for number in live]

    # ---- what holds ------------------------------------------------------------------------------

    def holds(self, what: str, number: int, until: datetime | None = None) -> bool:
        state = what == "carry"
        for act in self.acts:
            if until is None or act.at <= until:
                for effect_on, effect_number, holds in act.effects:
                    if (effect_on, effect_number) == (what, number):
                        state = holds
        return state

    def shown(self, advertiser: str, place: Place) -> Shown:
        answer = self.answer(place.image)
        fixed_type = self._winner(advertiser, place, TYPE)
        fixed_color = self._winner(advertiser, place, COLOR)
        if fixed_type is None and answer is None:
            return Shown("skipped", "Placeholder", "default", None, "default", review=False)
        if fixed_type is not None:
            image_type, source = fixed_type.value or "", "fix"
        else:
            assert answer is not None
            image_type, source = answer.image_type, "model"
        color, color_source = _color(place, answer, fixed_color)
        if image_type == "Placeholder":
            color, color_source = None, source
        is_seen = fixed_type is not None or fixed_color is not None
        review = answer is not None and answer.review and not is_seen
        return Shown("tagged", image_type, source, color, color_source, review)

    def answer(self, image: int | None) -> Answer | None:
        """The champion's, or else the latest other model's."""
        if image is None:
            return None
        ranked = self.versions[self.champions[-1]], *reversed(self.versions)
        return next((seen[image] for _, seen in ranked if image in seen), None)

    def promote(self, version: str, answers: Mapping[int, Answer]) -> None:
        self.champions.append(len(self.versions))
        self.versions.append((version, answers))

    def roll_back(self) -> None:
        if len(self.champions) > 1:
            self.champions.pop()

    def history(self, advertiser: str, until: datetime | None = None) -> list[tuple[Fixed, bool]]:
        return [
            (fixed, self.holds("fix", fixed.number, until))
            for fixed in self.fixes
            if (fixed.owner == advertiser or fixed.everywhere)
            and (until is None or self.acts[fixed.act].at <= until)
        ]

    def history_of(self, image: int, name: str) -> list[Fixed]:
        return [one for one in self.fixes if (one.subject, one.field) == (("image", image), name)]

    def standing(self, image: int, name: str) -> tuple[str | None, list[Fixed]]:
        """Where the disagreement stands, if there is one, and what each party says last."""
        said: dict[tuple[str, bool], Fixed] = {}
        for fixed in self.history_of(image, name):
            if self.holds("fix", fixed.number):
                said[fixed.party] = fixed
        positions = sorted(said.values(), key=lambda one: one.number)
        ruled = [
            one
            for one in self.rulings
            if (one.image, one.field) == (image, name) and self.holds("ruling", one.number)
        ]
        latest = ruled[-1] if ruled else None
        if latest and latest.ruling == "ambiguous":
            return "ambiguous", positions
        if len({one.value for one in positions}) > 1:
            now = {(one.party, one.value) for one in positions}
            is_kept = latest and latest.ruling == "keep_both" and now <= latest.said
            return ("keep_both" if is_kept else "open"), positions
        if latest and latest.ruling == "everyone" and any(o.act == latest.act for o in positions):
            return "everyone", positions
        return None, positions

    # ---- parts -----------------------------------------------------------------------------------

    def _begin(self, at: datetime) -> int:
        self.acts.append(Act(at))
        return len(self.acts) - 1

    def _add_fix(self, fixed: Fixed) -> None:
        self.fixes.append(fixed)
        self.acts[fixed.act].effects.append(("fix", fixed.number, True))

    def _check_own(self, advertiser: str, effects: list[tuple[str, int, bool]]) -> None:
        for what, number, _holds in effects:
            if what == "ruling":
                raise Refused
            if what == "carry":
                if self.carries[number].advertiser != advertiser:
                    raise Refused
                continue
            fixed = self.fixes[number]
            if not fixed.is_advertisers or fixed.owner != advertiser:
                raise Refused

    def _winner(self, advertiser: str, place: Place, name: str) -> Fixed | None:
        """The advertiser's own, else staff's for them, else staff's for everyone.

        Of equal ones one of this very picture goes before a carried one; then the latest.
        """
        best: tuple[int, bool, int] | None = None
        for fixed in self.fixes:
            concerns = fixed.field == name and (fixed.everywhere or fixed.owner == advertiser)
            if not concerns or not self.holds("fix", fixed.number):
                continue
            is_direct = fixed.subject in {("image", place.image), ("url", place.url)}
            if is_direct or self._is_carried(advertiser, place.image, fixed):
                rank = 3 if fixed.everywhere else 1 if fixed.is_advertisers else 2
                key = (-rank, is_direct, fixed.number)
                best = max(best, key) if best else key
        return self.fixes[best[2]] if best else None

    def _is_carried(self, advertiser: str, image: int | None, fixed: Fixed) -> bool:
        return any(
            (one.advertiser, one.image) == (advertiser, image)
            and fixed.subject == ("image", one.source)
            and (one.with_color or fixed.field == TYPE)
            and self.holds("carry", number)
            for number, one in enumerate(self.carries)
        )


def _color(place: Place, answer: Answer | None, fixed: Fixed | None) -> tuple[str | None, str]:
    if fixed is not None:
        return fixed.value, "fix"
    if PAINT[place.words] is not None:
        return PAINT[place.words], "scrape"
    if answer is None or answer.image_type == "Placeholder":
        return None, "default"  # a model that took it for a Placeholder decided on no colour
    return answer.color, "model"
