"""The registry: which models there are, and which one is the champion.

Functions take a connection and do not commit. Those that write (`register`, `promote`, `rollback`)
need one of `store.engine.writing`.
"""

from forecourt.core.gate import GateDecision, decide
from forecourt.core.gate_rules import Rules
from forecourt.release.forms import model_to_json, promotion_to_json
from forecourt.release.models import load_model, read_card, register
from forecourt.release.promotions import (
    Champion,
    ListedModel,
    Promoted,
    champion,
    explain_pin,
    latest_promotions,
    list_models,
    list_promotions,
    load_champion,
    promote,
    rollback,
)

__all__ = [
    "Champion",
    "GateDecision",
    "ListedModel",
    "Promoted",
    "Rules",
    "champion",
    "decide",
    "explain_pin",
    "latest_promotions",
    "list_models",
    "list_promotions",
    "load_champion",
    "load_model",
    "model_to_json",
    "promote",
    "promotion_to_json",
    "read_card",
    "register",
    "rollback",
]
