"""Who asks: a person as the law sees them, taken from the live session at each request."""

from __future__ import annotations

from dataclasses import dataclass

from ..words import Role


@dataclass(frozen=True, slots=True)
class Actor:
    """A signed-in person with one role and the scope of that role."""

    person_id: int
    public_id: str
    name: str
    role: Role
    organisation_id: int | None = None
    region: str | None = None
    firm_id: int | None = None
    # The cities where this person stands in for a reviewer today, and for whom.
    stands_in: tuple[tuple[str, str], ...] = ()

    @property
    def regions(self) -> tuple[str, ...]:
        """The cities that this person reviews for: the own one, and those of whom it stands in for."""
        own = () if self.region is None else (self.region,)
        return own + tuple(region for region, _name in self.stands_in if region not in own)

    def stands_in_for(self, region: str) -> str:
        """In whose place this person acts in a city; "" where it acts in its own right."""
        return "" if region == self.region else dict(self.stands_in).get(region, "")

    @property
    def scope(self) -> str:
        """The scope as it is kept in the journal: what the person stood for at that time."""
        parts = {"organisation": self.organisation_id, "region": self.region, "firm": self.firm_id}
        return ",".join(f"{name}={value}" for name, value in parts.items() if value is not None)
