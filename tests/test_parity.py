"""What pages and commands do, programs can do too: each has its counterpart, or is named as one that needs none."""

import click

from console.app import routes
from console.cli import cli
from console.reference import walk

# What a browser needs to be logged in, and what only a browser shows; docs/api.md says so.
BROWSER = frozenset({"/log-in", "/log-out", "/set-up/{token}", "/account/password"})
# Forms and questions before something is done: what they lead to stands below.
FORMS = frozenset(
    {"/monitors/new", "/monitors/{monitor_id}/edit", "/monitors/{monitor_id}/remove", "/products/{product_id}/edit"}
)
# A page that changes or reads something, and by what a program does that.
PAGES = {
    "GET /": "GET /overview",
    "GET /account": "GET /me",
    "POST /seen": "POST /seen",
    "GET /suspects": "GET /suspects",
    "GET /suspects/export": "GET /suspect-export",
    "GET /suspects/many": "GET /suspects",
    "POST /suspects/many": "POST /verdict-batches",
    "GET /suspects/many/{batch_id}": "GET /verdict-batches/{batch_id}",
    "POST /suspects/many/{batch_id}/undo": "POST /verdict-batches/{batch_id}/undo",
    "GET /suspects/{suspect_id}": "GET /suspects/{suspect_id}",
    "POST /suspects/{suspect_id}/verdict": "POST /suspects/{suspect_id}/verdicts",
    "POST /suspects/{suspect_id}/undo": "POST /suspects/{suspect_id}/undo",
    "POST /suspects/{suspect_id}/snooze": "POST /suspects/{suspect_id}/snooze",
    "POST /suspects/{suspect_id}/wake": "POST /suspects/{suspect_id}/wake",
    "GET /picture-search": "POST /picture-search",
    "POST /picture-search": "POST /picture-search",
    "GET /sellers": "GET /suspects",
    "GET /sellers/{seller_id}": "GET /sellers/{seller_id}/activity",
    "POST /sellers/{seller_id}/authorise": "POST /sellers/{seller_id}/authorise",
    "POST /sellers/{seller_id}/distrust": "POST /sellers/{seller_id}/distrust",
    "GET /monitors": "GET /monitors",
    "GET /monitors/{monitor_id}": "GET /monitors/{monitor_id}",
    "POST /monitors/new": "POST /monitors",
    "POST /monitors/{monitor_id}/edit": "PATCH /monitors/{monitor_id}",
    "POST /monitors/{monitor_id}/runs": "POST /monitors/{monitor_id}/runs",
    "POST /monitors/{monitor_id}/pause": "PATCH /monitors/{monitor_id}",
    "POST /monitors/{monitor_id}/resume": "PATCH /monitors/{monitor_id}",
    "POST /monitors/{monitor_id}/remove": "DELETE /monitors/{monitor_id}",
    "GET /runs/{run_id}": "GET /crawls/{crawl_id}/report",
    "POST /runs/{run_id}/cancel": "POST /runs/{run_id}/cancel",
    "GET /progress": "GET /runs/{run_id}/outcome",
    "GET /brands": "GET /brands",
    "POST /brands": "POST /brands",
    "GET /brands/{brand_id}": "GET /brands/{brand_id}",
    "POST /brands/{brand_id}": "PATCH /brands/{brand_id}",
    "POST /brands/{brand_id}/remove": "DELETE /brands/{brand_id}",
    "POST /brands/{brand_id}/restore": "POST /brands/{brand_id}/restore",
    "POST /brands/{brand_id}/rights": "POST /rights",
    "POST /brands/{brand_id}/rights/{right_id}/remove": "DELETE /rights/{right_id}",
    "GET /authorised-sellers": "GET /authorised-sellers",
    "POST /authorised-sellers": "POST /authorised-sellers",
    "POST /authorised-sellers/file": "POST /seller-files",
    "GET /authorised-sellers/template.csv": "GET /list-template",
    "GET /authorised-sellers/template.xlsx": "GET /list-template",
    "GET /authorised-sellers/drafts/{seller_draft_id}": "GET /drafts/{draft_id}/entries",
    "POST /authorised-sellers/drafts/{seller_draft_id}/register": "POST /drafts/{seller_draft_id}/authorise",
    "POST /authorised-sellers/{authorised_id}/remove": "DELETE /authorised-sellers/{authorised_id}",
    "POST /authorised-sellers/{authorised_id}/restore": "POST /authorised-sellers/{authorised_id}/restore",
    "GET /products": "GET /products",
    "GET /products/new": "GET /drafts",
    "POST /products/new/address": "POST /drafts",
    "POST /products/new/file": "POST /product-files",
    "GET /products/new/template.csv": "GET /list-template",
    "GET /products/new/template.xlsx": "GET /list-template",
    "POST /products/new/by-hand": "POST /products",
    "GET /products/drafts/{draft_id}": "GET /drafts/{draft_id}",
    "POST /products/drafts/{draft_id}/register": "POST /drafts/{draft_id}/register",
    "POST /products/drafts/{draft_id}/discard": "DELETE /drafts/{draft_id}",
    "GET /products/drafts/{draft_id}/pictures/{sha256}": "GET /drafts/{draft_id}/pictures/{sha256}",
    "GET /products/{product_id}": "GET /products/{product_id}",
    "POST /products/{product_id}/edit": "PATCH /products/{product_id}",
    "POST /products/{product_id}/remove": "DELETE /products/{product_id}",
    "POST /products/{product_id}/restore": "POST /products/{product_id}/restore",
    "POST /products/{product_id}/images": "POST /products/{product_id}/images",
    "POST /products/{product_id}/images/{image_id}/remove": "DELETE /products/{product_id}/images/{image_id}",
    "POST /products/{product_id}/images/{image_id}/restore": "POST /products/{product_id}/images/{image_id}/restore",
    "GET /products/{product_id}/images/{image_id}/copies/{edit}": (
        "GET /products/{product_id}/images/{image_id}/copies/{edit}"
    ),
    "POST /products/{product_id}/calibrate": "POST /products/{product_id}/calibration",
    "GET /accounts": "GET /accounts",
    "POST /accounts": "POST /accounts",
    "POST /accounts/{account_id}/role": "PATCH /accounts/{account_id}",
    "POST /accounts/{account_id}/link": "POST /accounts/{account_id}/set-up-links",
    "POST /accounts/{account_id}/end-sessions": "POST /accounts/{account_id}/end-sessions",
    "POST /accounts/{account_id}/remove": "DELETE /accounts/{account_id}",
    "GET /keys": "GET /keys",
    "POST /keys": "POST /keys",
    "POST /keys/{key_id}/revoke": "DELETE /keys/{key_id}",
    "GET /audit": "GET /audit",
}
# What is about the installation and the files of its machine, not about one owner's things.
MACHINE = frozenset(
    {"backup", "clock", "doctor", "evidence", "index", "owner", "rates", "restore", "schedule", "serve", "settings"}
    | {"up", "work", "extract", "fingerprint", "import", "match"}
)
OF_FILES = frozenset(f"marketplace {name}" for name in ("check", "new", "probe", "record"))
COMMANDS = {
    "account add": "POST /accounts",
    "account link": "POST /accounts/{account_id}/set-up-links",
    "account list": "GET /accounts",
    "account remove": "DELETE /accounts/{account_id}",
    "account role": "PATCH /accounts/{account_id}",
    "assess": "POST /reassessments",
    "audit": "GET /audit",
    "brand add": "POST /brands",
    "brand list": "GET /brands",
    "brand remove": "DELETE /brands/{brand_id}",
    "brand show": "GET /brands/{brand_id}",
    "check": "POST /checks",
    "evidence show": "GET /suspects/{suspect_id}/evidence",
    "key add": "POST /keys",
    "key list": "GET /keys",
    "key revoke": "DELETE /keys/{key_id}",
    "marketplace list": "GET /marketplaces",
    "marketplace robots": "POST /marketplaces/{name}/robots-override",
    "marketplace show": "GET /marketplaces/{name}",
    "monitor add": "POST /monitors",
    "monitor canary": "PATCH /monitors/{monitor_id}",
    "monitor list": "GET /monitors",
    "monitor pause": "PATCH /monitors/{monitor_id}",
    "monitor remove": "DELETE /monitors/{monitor_id}",
    "monitor resume": "PATCH /monitors/{monitor_id}",
    "monitor run": "POST /monitors/{monitor_id}/runs",
    "monitor show": "GET /monitors/{monitor_id}/preview",
    "product add": "POST /products",
    "product calibrate": "POST /products/{product_id}/calibration",
    "product import": "POST /product-files",
    "product list": "GET /products",
    "product remove": "DELETE /products/{product_id}",
    "product show": "GET /products/{product_id}",
    "right add": "POST /rights",
    "right list": "GET /rights",
    "right remove": "DELETE /rights/{right_id}",
    "run cancel": "POST /runs/{run_id}/cancel",
    "run list": "GET /runs",
    "run show": "GET /runs/{run_id}/crawls",
    "search": "GET /suspects",
    "seller add": "POST /authorised-sellers",
    "seller import": "POST /seller-files",
    "seller list": "GET /authorised-sellers",
    "seller remove": "DELETE /authorised-sellers/{authorised_id}",
    "seller show": "GET /sellers/{seller_id}/activity",
    "suspect show": "GET /suspects/{suspect_id}",
    "suspect snooze": "POST /suspects/{suspect_id}/snooze",
    "suspect wake": "POST /suspects/{suspect_id}/wake",
    "undo": "POST /suspects/{suspect_id}/undo",
    "verdict": "POST /suspects/{suspect_id}/verdicts",
}


def test_everything_that_pages_do_programs_can_do_too() -> None:
    ours = {f"{method} {route.path}" for route in routes() for method in route.methods or ()}
    for_programs = {asked.replace("/api/v1", "") for asked in ours if " /api/v1" in asked}
    of_pages = {asked for asked in ours if " /api/" not in asked and not asked.endswith(("/healthz", "/readyz"))}
    left = {asked for asked in of_pages if asked.split()[1] not in BROWSER} - PAGES.keys()
    assert {asked for asked in left if not (asked.startswith("GET ") and asked.split()[1] in FORMS)} == set()
    assert PAGES.keys() <= of_pages
    assert set(PAGES.values()) <= for_programs


def test_everything_that_commands_do_with_an_owners_things_programs_can_do_too() -> None:
    leaves = {path.removeprefix("counterfoil ") for path, one in walk(cli, "counterfoil") if not is_group(one)}
    left = {path for path in leaves if path not in COMMANDS and path.split()[0] not in MACHINE}
    # A password is its person's: others send a link.
    assert left == OF_FILES | {"account password"}
    assert COMMANDS.keys() <= leaves
    ours = {f"{method} {route.path}".replace("/api/v1", "") for route in routes() for method in route.methods or ()}
    assert set(COMMANDS.values()) <= ours


def is_group(one: click.Command) -> bool:
    """Whether it only holds others."""
    return isinstance(one, click.Group)
