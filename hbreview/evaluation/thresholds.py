"""What the round asks of a figure, to be seen while it is typed and not only when it is scored."""

from __future__ import annotations

import re

from ..programmes.schema import Field, Programme, RoundDefaults
from ..words import N_, Reason

# The plain form of an indicator's floor; any other rule is said by its check alone.
_AT_LEAST = re.compile(r"(\w+) >= (\d+(?:\.\d+)?)")


def asked_of(programme: Programme, field: Field, *, settings: RoundDefaults) -> Reason | None:
    """The least that is asked of this field, with its source; None when nothing is."""
    if field.counted == "enterprises" and settings.minimum_served > 0:
        least = {"least": str(settings.minimum_served), "unit": field.unit}
        return Reason(N_("The round asks for at least %(least)s %(unit)s."), field.key, "P5", least)
    for indicator in programme.indicators:
        match = _AT_LEAST.fullmatch(indicator.floor.rule) if indicator.floor else None
        if match and match[1] == field.key:
            asked = {"number": str(indicator.order), "least": match[2], "unit": field.unit}
            return Reason(N_("Indicator %(number)s asks for at least %(least)s %(unit)s."), field.key, "C11", asked)
    return None
