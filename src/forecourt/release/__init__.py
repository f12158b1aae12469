"""The registry: which models there are, which one is the champion, and which are tried beside it.

Functions take a connection and do not commit. Those that write need one of `store.engine.writing`.
"""

from forecourt.core.agreement import Agreement, Disagreement
from forecourt.core.gate import GateDecision, decide
from forecourt.core.gate_rules import Rules
from forecourt.release.agreement import LATEST, count_agreement, list_disagreements
from forecourt.release.forms import (
    agreement_to_json,
    canary_to_json,
    disagreement_to_json,
    model_to_json,
    promotion_to_json,
    retag_to_json,
    shadow_to_json,
)
from forecourt.release.models import load_model, load_version, read_card, register
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
from forecourt.release.retags import (
    answer_portion,
    begin_retag,
    cancel_retag,
    find_retag,
    keep_portion,
    latest_retags,
    list_left,
    list_owners,
    read_portion,
    request_retag,
    split,
)
from forecourt.release.trials import (
    drop_canaries,
    latest_canary_steps,
    latest_shadow_steps,
    list_canaries,
    load_canaries,
    shadow,
    start_canary,
    start_shadow,
    stop_shadow,
)

__all__ = [
    "LATEST",
    "Agreement",
    "Champion",
    "Disagreement",
    "GateDecision",
    "ListedModel",
    "Promoted",
    "Rules",
    "agreement_to_json",
    "answer_portion",
    "begin_retag",
    "canary_to_json",
    "cancel_retag",
    "champion",
    "count_agreement",
    "decide",
    "disagreement_to_json",
    "drop_canaries",
    "explain_pin",
    "find_retag",
    "keep_portion",
    "latest_canary_steps",
    "latest_promotions",
    "latest_retags",
    "latest_shadow_steps",
    "list_canaries",
    "list_disagreements",
    "list_left",
    "list_models",
    "list_owners",
    "list_promotions",
    "load_canaries",
    "load_champion",
    "load_model",
    "load_version",
    "model_to_json",
    "promote",
    "promotion_to_json",
    "read_card",
    "read_portion",
    "register",
    "request_retag",
    "retag_to_json",
    "rollback",
    "shadow",
    "shadow_to_json",
    "split",
    "start_canary",
    "start_shadow",
    "stop_shadow",
]
