"""All tables. Migrations are the way to change them: `tests/contract` compares the two.

    advertisers ─< scrapes
    advertisers ─< vehicles ─< vehicle_images >─ images ─< image_aliases
                                   │ url_key       └────< predictions (one per model version)
                                 urls >─ hosts           acts ─< fixes >─ images
                                                           ├─< fix_states >─ fixes
        images ─< carries >─ images                        ├─< carry_states >─ carries
        scrapes ─< class_counts      fixes ── legacy_values ├─< rulings >─ images
        models ─< promotions ─< retags                     └─< ruling_states >─ rulings
        models ─< shadows      models ─< canaries >─ advertisers
        users ─< sessions      api_keys, users ─< audit_log      login_failures
        webhooks ─< deliveries ─< delivery_attempts
        dataset_decisions ── dataset_undos   dataset_sides   advertisers ─< queue_entries >─ images
        monitor_runs ─< monitor_figures    monitor_alarms    vehicles ─< placeholder_spells

An image is stored once, whatever the number of URLs, vehicles and advertisers that show it; every
key under which it was ever seen is an alias. `vehicle_images` says what stands where in an
advertiser's latest scrape; `urls` holds what a server said of one URL when it was last asked.
"""

from forecourt.store.schema.access import (
    api_keys,
    audit_log,
    login_failures,
    sessions,
    users,
)
from forecourt.store.schema.base import UtcDateTime, metadata
from forecourt.store.schema.datasets import dataset_decisions, dataset_sides, dataset_undos
from forecourt.store.schema.fixes import (
    acts,
    carries,
    carry_states,
    fix_states,
    fixes,
    legacy_values,
    ruling_states,
    rulings,
)
from forecourt.store.schema.inventory import (
    advertisers,
    class_counts,
    hosts,
    image_aliases,
    images,
    predictions,
    scrapes,
    urls,
    vehicle_images,
    vehicles,
)
from forecourt.store.schema.monitor import (
    monitor_alarms,
    monitor_figures,
    monitor_runs,
    placeholder_spells,
)
from forecourt.store.schema.queue import queue_entries
from forecourt.store.schema.registry import canaries, models, promotions, retags, shadows
from forecourt.store.schema.webhooks import deliveries, delivery_attempts, webhooks
from forecourt.store.schema.work import answered_requests, flights

__all__ = [
    "UtcDateTime",
    "acts",
    "advertisers",
    "answered_requests",
    "api_keys",
    "audit_log",
    "canaries",
    "carries",
    "carry_states",
    "class_counts",
    "dataset_decisions",
    "dataset_sides",
    "dataset_undos",
    "deliveries",
    "delivery_attempts",
    "fix_states",
    "fixes",
    "flights",
    "hosts",
    "image_aliases",
    "images",
    "legacy_values",
    "login_failures",
    "metadata",
    "models",
    "monitor_alarms",
    "monitor_figures",
    "monitor_runs",
    "placeholder_spells",
    "predictions",
    "promotions",
    "queue_entries",
    "retags",
    "ruling_states",
    "rulings",
    "scrapes",
    "sessions",
    "shadows",
    "urls",
    "users",
    "vehicle_images",
    "vehicles",
    "webhooks",
]
