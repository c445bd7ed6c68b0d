"""Plans: what would change on machines and on hosts, and why; made, saved, and refused when the world moved on."""

from smartcommune.plan.make import check_plan, make_plan
from smartcommune.plan.models import Action, Unreached, counts
from smartcommune.plan.plan import Plan, load_plan, save_plan

__all__ = [
    "Action",
    "Plan",
    "Unreached",
    "check_plan",
    "counts",
    "load_plan",
    "make_plan",
    "save_plan",
]
