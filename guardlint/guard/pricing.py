"""What the rails of a call cost: by the tokens that models told, by an estimate, by the bundle's prediction.

Prices are those that the manifest holds for its models, from the table that the prediction was made with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from guardlint.engines.usage import Usage
from guardlint.errors import ConfigError

__all__ = ["Pricing"]

_MILLION: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Pricing:
    """``told`` is what each record says: currency, profile of traffic and predicted cost of a usual query.

    ``per_call`` is the mean price of a predicted call, ``prices`` what a model's tokens cost, read and
    written, by the million.
    """

    told: Mapping[str, Any]
    per_call: float | None = None
    prices: Mapping[str, tuple[float, float]] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def of(cls, manifest: Mapping[str, Any], profile: str | None = None) -> Pricing | None:
        """What a verified manifest says of money; None where it says nothing.

        ``profile`` is the one of traffic whose prediction counts, by default the only one.  Raises
        ConfigError when the manifest has none of that name.
        """
        found = manifest.get("prices") or {}
        prices = {
            model: (float(price["input"]), float(price["output"]))
            for model, price in (found.get("models") or {}).items()
        }
        told, per_call = _predicted(manifest.get("cost") or (), profile)
        if told is None:
            if not prices:
                return None
            told = {"currency": str(found["currency"]), "profile": None, "predicted": None}
        return cls(MappingProxyType(told), per_call, MappingProxyType(prices))

    def cost(self, used: Usage) -> float | None:
        """What the tokens cost; None where they, or the price, are not known."""
        price = self.prices.get(used.model or "")
        if price is None or used.counted != used.calls:
            return None
        # Sums of binary fractions: the twelfth decimal is beyond any price of a token.
        return round((used.input_tokens * price[0] + used.output_tokens * price[1]) / _MILLION, 12)

    def actual(self, calls: int, used: Sequence[Usage]) -> float | None:
        """The cost of all ``calls``; None where that of any is not known."""
        costs = [self.cost(one) for one in used]
        if sum([one.calls for one in used]) != calls or None in costs:
            return None
        return round(sum(cost for cost in costs if cost is not None), 12)

    def estimated(self, calls: int) -> float | None:
        """As if each call were a mean one of the prediction; None without one."""
        if not calls:
            return 0
        return None if self.per_call is None else round(self.per_call * calls, 9)


def _predicted(profiles: Any, wanted: str | None) -> tuple[dict[str, Any] | None, float | None]:
    """What the manifest predicts for a profile of traffic, and a call's mean price by it."""
    if wanted is not None:
        names = [str(profile["profile"]) for profile in profiles]
        profiles = [profile for profile in profiles if profile["profile"] == wanted]
        if not profiles:
            known = ", ".join(names) or "none"
            raise ConfigError(
                f"the bundle predicts no cost for the profile `{wanted}`", help=f"it has {known}"
            )
    if len(profiles) != 1 or profiles[0].get("currency") is None:
        return None, None  # of several nobody knows which one a query belongs to
    query = profiles[0]["per_query"]
    cost, calls = query.get("cost"), query.get("llm_calls")
    if cost is None or calls is None:
        return None, None
    predicted, usual = float(cost["usual"]), float(calls["usual"])
    told = {"currency": str(profiles[0]["currency"]), "profile": str(profiles[0]["profile"])}
    return {**told, "predicted": predicted}, predicted / usual if usual else None
