"""Every table, portable between SQLite and PostgreSQL 15.

Owner-side rows carry `owner_id`; market facts are shared. Rows that a person can take back carry `removed_at` and stay,
so that what was judged against them can still be explained.
"""

import sqlalchemy as sa

from counterfoil.store.types import ExactDecimal, Id, Sha256, Time

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = sa.MetaData(naming_convention=NAMING)


def _owner() -> sa.Column[int]:
    return sa.Column("owner_id", Id, sa.ForeignKey("owners.id"), nullable=False)


def _id() -> sa.Column[int]:
    return sa.Column("id", Id, primary_key=True, autoincrement=True)


def _live(table: str, *columns: str) -> sa.Index:
    """Unique among the rows that are not removed."""
    live = sa.text("removed_at IS NULL")
    return sa.Index(f"uq_{table}_live", *columns, unique=True, sqlite_where=live, postgresql_where=live)


# ------------------------------------------------------------------------------------------------ the program

instance = sa.Table(
    "instance",
    metadata,
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

parts = sa.Table(
    "parts",
    metadata,
    # Random: SQLite gives the number of a row that is gone to the next, and two parts must never take each other's.
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("role", sa.String(32), nullable=False),
    sa.Column("version", sa.String(64), nullable=False),
    sa.Column("host", sa.String(255), nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("started_at", Time, nullable=False),
    sa.Column("lease_until", Time, nullable=False),
)

# ------------------------------------------------------------------------------------------------- owner side

owners = sa.Table(
    "owners",
    metadata,
    _id(),
    sa.Column("name", sa.String(200), nullable=False, unique=True),
    sa.Column("registry_revision", sa.Integer, nullable=False, server_default="0"),
    sa.Column("created_at", Time, nullable=False),
)

brands = sa.Table(
    "brands",
    metadata,
    _id(),
    _owner(),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("aliases", sa.JSON, nullable=False),
    sa.Column("created_at", Time, nullable=False),
    sa.Column("removed_at", Time),
    _live("brands", "owner_id", "name"),
)

rights = sa.Table(
    "rights",
    metadata,
    _id(),
    _owner(),
    sa.Column("brand_id", Id, sa.ForeignKey("brands.id"), nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("number", sa.String(100), nullable=False),
    sa.Column("jurisdiction", sa.String(16), nullable=False),
    sa.Column("classes", sa.JSON, nullable=False),
    sa.Column("created_at", Time, nullable=False),
    sa.Column("removed_at", Time),
    _live("rights", "owner_id", "kind", "number", "jurisdiction"),
)

products = sa.Table(
    "products",
    metadata,
    _id(),
    _owner(),
    sa.Column("brand_id", Id, sa.ForeignKey("brands.id"), nullable=False),
    sa.Column("name", sa.String(300), nullable=False),
    sa.Column("sku", sa.String(100)),
    sa.Column("keywords", sa.JSON, nullable=False),
    sa.Column("aliases", sa.JSON, nullable=False),
    sa.Column("price_low", ExactDecimal),
    sa.Column("price_high", ExactDecimal),
    sa.Column("currency", sa.String(3)),
    sa.Column("official_pages", sa.JSON, nullable=False),
    sa.Column("created_at", Time, nullable=False),
    sa.Column("removed_at", Time),
    _live("products", "owner_id", "brand_id", "name"),
)
sa.Index(
    "uq_products_live_sku",
    products.c.owner_id,
    products.c.sku,
    unique=True,
    sqlite_where=sa.text("removed_at IS NULL AND sku IS NOT NULL"),
    postgresql_where=sa.text("removed_at IS NULL AND sku IS NOT NULL"),
)

reference_images = sa.Table(
    "reference_images",
    metadata,
    _id(),
    _owner(),
    sa.Column("product_id", Id, sa.ForeignKey("products.id"), nullable=False),
    sa.Column("image_sha256", Sha256, sa.ForeignKey("images.sha256"), nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("created_at", Time, nullable=False),
    sa.Column("removed_at", Time),
    _live("reference_images", "product_id", "image_sha256"),
    sa.Index("ix_reference_images_owner_id", "owner_id"),
)

# What a person has searched by, so that the search's address answers again; also for those who work for the same owner.
searched_pictures = sa.Table(
    "searched_pictures",
    metadata,
    sa.Column("image_sha256", Sha256, sa.ForeignKey("images.sha256"), primary_key=True),
    sa.Column("owner_id", Id, sa.ForeignKey("owners.id"), primary_key=True),
    sa.Column("searched_at", Time, nullable=False),
)

authorised_sellers = sa.Table(
    "authorised_sellers",
    metadata,
    _id(),
    _owner(),
    sa.Column("marketplace", sa.String(100), nullable=False),
    sa.Column("seller_key", sa.String(300), nullable=False),
    sa.Column("name", sa.String(300)),
    sa.Column("created_at", Time, nullable=False),
    sa.Column("removed_at", Time),
    _live("authorised_sellers", "owner_id", "marketplace", "seller_key"),
)

drafts = sa.Table(
    "drafts",
    metadata,
    _id(),
    _owner(),
    sa.Column("kind", sa.String(16), nullable=False),
    # An address, or a file's name.
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("entries", sa.JSON, nullable=False),
    sa.Column("brand", sa.String(200)),
    sa.Column("said", sa.Text),
    sa.Column("done", sa.Integer, nullable=False, server_default="0"),
    sa.Column("total", sa.Integer),
    sa.Column("attempt", sa.Integer, nullable=False, server_default="0"),
    sa.Column("lease_until", Time),
    sa.Column("created_by", sa.String(200), nullable=False),
    sa.Column("created_at", Time, nullable=False),
    sa.Index("ix_drafts_owner_id_id", "owner_id", "id"),
)

exchange_rates = sa.Table(
    "exchange_rates",
    metadata,
    sa.Column("as_of", sa.Date, primary_key=True),
    sa.Column("base", sa.String(3), primary_key=True),
    sa.Column("currency", sa.String(3), primary_key=True),
    sa.Column("rate", ExactDecimal, nullable=False),
)

# ----------------------------------------------------------------------------------------------------- access

accounts = sa.Table(
    "accounts",
    metadata,
    _id(),
    _owner(),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("password_hash", sa.String(200)),
    # When the first page was last looked at, and when on the occasion before that: since then things are new.
    sa.Column("looked_at", Time),
    sa.Column("new_since", Time),
    sa.Column("created_at", Time, nullable=False),
    sa.Column("removed_at", Time),
    # In the whole installation: whoever logs in gives no owner.
    _live("accounts", "name"),
    sa.Index("ix_accounts_owner_id", "owner_id"),
)

account_sessions = sa.Table(
    "account_sessions",
    metadata,
    _id(),
    _owner(),
    sa.Column("account_id", Id, sa.ForeignKey("accounts.id"), nullable=False),
    sa.Column("token_sha256", Sha256, nullable=False, unique=True),
    # Requests that were under way while the token was changed still carry the one before.
    sa.Column("previous_sha256", Sha256),
    sa.Column("csrf_token", sa.String(64), nullable=False),
    sa.Column("created_at", Time, nullable=False),
    sa.Column("rotated_at", Time, nullable=False),
    sa.Column("last_seen_at", Time, nullable=False),
    sa.Column("expires_at", Time, nullable=False),
    sa.Column("ended_at", Time),
    sa.Index("ix_account_sessions_account_id", "account_id"),
    sa.Index("ix_account_sessions_previous_sha256", "previous_sha256"),
)

api_keys = sa.Table(
    "api_keys",
    metadata,
    _id(),
    _owner(),
    # Whose it is; null for one made by a command.
    sa.Column("account_id", Id, sa.ForeignKey("accounts.id")),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("prefix", sa.String(16), nullable=False, unique=True),
    sa.Column("token_sha256", Sha256, nullable=False),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("created_by", sa.String(200), nullable=False),
    sa.Column("created_at", Time, nullable=False),
    sa.Column("expires_at", Time),
    sa.Column("last_used_at", Time),
    sa.Column("revoked_at", Time),
    sa.Index("ix_api_keys_owner_id", "owner_id"),
)

set_up_links = sa.Table(
    "set_up_links",
    metadata,
    _id(),
    _owner(),
    # Whose password it sets; null for the link that makes an owner's first account.
    sa.Column("account_id", Id, sa.ForeignKey("accounts.id")),
    sa.Column("token_sha256", Sha256, nullable=False, unique=True),
    sa.Column("created_at", Time, nullable=False),
    sa.Column("expires_at", Time, nullable=False),
    sa.Column("used_at", Time),
    sa.Index("ix_set_up_links_owner_id", "owner_id"),
)

log_in_failures = sa.Table(
    "log_in_failures",
    metadata,
    # A hash: people type their password where the name belongs.
    sa.Column("subject_sha256", Sha256, primary_key=True),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("failed_at", Time, nullable=False),
    sa.Column("blocked_until", Time, nullable=False),
)

idempotency_keys = sa.Table(
    "idempotency_keys",
    metadata,
    _owner(),
    # Who asked, and the key they chose, together under one hash: both are theirs to make as long as they like.
    sa.Column("key_sha256", Sha256, primary_key=True),
    sa.Column("request_sha256", Sha256, nullable=False),
    sa.Column("answer", sa.JSON, nullable=False),
    sa.Column("created_at", Time, nullable=False),
    sa.Index("ix_idempotency_keys_created_at", "created_at"),
)

audit_entries = sa.Table(
    "audit_entries",
    metadata,
    _id(),
    sa.Column("owner_id", Id, sa.ForeignKey("owners.id")),
    sa.Column("at", Time, nullable=False),
    sa.Column("actor", sa.String(200), nullable=False),
    sa.Column("channel", sa.String(16), nullable=False),
    sa.Column("action", sa.String(64), nullable=False),
    sa.Column("subject", sa.String(300), nullable=False),
    sa.Column("detail", sa.JSON, nullable=False),
    sa.Column("address", sa.String(64)),
    sa.Index("ix_audit_entries_owner_id", "owner_id"),
)

# ------------------------------------------------------------------------------------------------ market side

sellers = sa.Table(
    "sellers",
    metadata,
    _id(),
    sa.Column("marketplace", sa.String(100), nullable=False),
    sa.Column("seller_key", sa.String(300), nullable=False),
    sa.Column("name", sa.Text),
    sa.Column("url", sa.Text),
    sa.Column("first_seen_at", Time, nullable=False),
    sa.Column("last_seen_at", Time, nullable=False),
    sa.UniqueConstraint("marketplace", "seller_key"),
)

listings = sa.Table(
    "listings",
    metadata,
    _id(),
    sa.Column("marketplace", sa.String(100), nullable=False),
    sa.Column("listing_key", sa.String(1000), nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("seller_id", Id, sa.ForeignKey("sellers.id")),
    sa.Column("latest_number", sa.Integer, nullable=False),
    sa.Column("first_seen_at", Time, nullable=False),
    sa.Column("last_seen_at", Time, nullable=False),
    sa.UniqueConstraint("marketplace", "listing_key"),
    # A seller's listings and when they were seen, without their rows: some sellers have tens of thousands.
    sa.Index("ix_listings_seller_id_dates", "seller_id", "first_seen_at", "last_seen_at"),
)

# What listings' own addresses said when they were no longer there, and when they were last looked up for that.
absences = sa.Table(
    "absences",
    metadata,
    sa.Column("listing_id", Id, sa.ForeignKey("listings.id"), primary_key=True),
    sa.Column("first_at", Time),
    sa.Column("last_at", Time),
    sa.Column("why", sa.Text),
    sa.Column("gone_at", Time),
    sa.Column("looked_up_at", Time),
    sa.Index("ix_absences_first_at", "first_at"),
)

images = sa.Table(
    "images",
    metadata,
    sa.Column("sha256", Sha256, primary_key=True),
    sa.Column("size", Id, nullable=False),
    sa.Column("stored_at", Time, nullable=False),
    # Set when retention deletes the file; the row, its fingerprints and what refers to it stay.
    sa.Column("deleted_at", Time),
)

image_sources = sa.Table(
    "image_sources",
    metadata,
    # Addresses are longer than an index entry may be; their SHA-256 is not.
    sa.Column("url_sha256", Sha256, primary_key=True),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("image_sha256", Sha256, sa.ForeignKey("images.sha256"), nullable=False),
    sa.Column("etag", sa.Text),
    sa.Column("last_modified", sa.Text),
    sa.Column("fetched_at", Time, nullable=False),
)

listing_versions = sa.Table(
    "listing_versions",
    metadata,
    _id(),
    sa.Column("listing_id", Id, sa.ForeignKey("listings.id"), nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("facts_sha256", Sha256, nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("description", sa.Text),
    sa.Column("price", ExactDecimal),
    sa.Column("price_max", ExactDecimal),
    sa.Column("currency", sa.String(3)),
    sa.Column("availability", sa.String(100)),
    sa.Column("condition", sa.String(100)),
    sa.Column("seller_id", Id, sa.ForeignKey("sellers.id")),
    sa.Column("ships_from", sa.Text),
    sa.Column("category", sa.Text),
    sa.Column("brand", sa.Text),
    sa.Column("sku", sa.Text),
    sa.Column("gtin", sa.Text),
    sa.Column("attributes", sa.JSON, nullable=False),
    sa.Column("body_sha256", Sha256),
    sa.Column("body_deleted_at", Time),
    sa.Column("crawl_id", Id, sa.ForeignKey("crawls.id")),
    sa.Column("captured_at", Time, nullable=False),
    sa.UniqueConstraint("listing_id", "number"),
    sa.Index("ix_listing_versions_crawl_id", "crawl_id"),
    sa.Index("ix_listing_versions_body_sha256", "body_sha256"),
)

listing_images = sa.Table(
    "listing_images",
    metadata,
    sa.Column("listing_version_id", Id, sa.ForeignKey("listing_versions.id"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("image_sha256", Sha256, sa.ForeignKey("images.sha256")),
    sa.Column("error", sa.Text),
    sa.Index("ix_listing_images_image_sha256", "image_sha256"),
)

fingerprints = sa.Table(
    "fingerprints",
    metadata,
    # So that a process which holds the hashes of all pictures reads only what was added since.
    _id(),
    sa.Column("image_sha256", Sha256, sa.ForeignKey("images.sha256"), nullable=False),
    sa.Column("version", sa.String(32), nullable=False),
    sa.Column("width", sa.Integer, nullable=False),
    sa.Column("height", sa.Integer, nullable=False),
    sa.Column("phash", sa.String(16), nullable=False),
    sa.Column("dct256", sa.LargeBinary(32), nullable=False),
    # NULL in rows of versions before f3.
    sa.Column("box256", sa.LargeBinary(32)),
    sa.Column("informative", sa.Boolean, nullable=False),
    # An unreadable picture keeps its reason here, so that it is not decoded again and again.
    sa.Column("error", sa.Text),
    sa.UniqueConstraint("image_sha256", "version"),
)

# What a picture matched in an owner's bank of references, which `bank` identifies.
picture_matches = sa.Table(
    "picture_matches",
    metadata,
    sa.Column("owner_id", Id, sa.ForeignKey("owners.id"), primary_key=True),
    sa.Column("image_sha256", Sha256, sa.ForeignKey("images.sha256"), primary_key=True),
    sa.Column("bank", Sha256, nullable=False),
    sa.Column("matches", sa.JSON, nullable=False),
)

# ------------------------------------------------------------------------------------------------- monitoring

monitors = sa.Table(
    "monitors",
    metadata,
    _id(),
    _owner(),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("schedule_kind", sa.String(16), nullable=False),
    sa.Column("schedule_expression", sa.String(200), nullable=False),
    sa.Column("time_zone", sa.String(64), nullable=False),
    sa.Column("jitter_seconds", sa.Integer, nullable=False),
    sa.Column("queries", sa.JSON, nullable=False),
    sa.Column("limits", sa.JSON, nullable=False),
    sa.Column("canaries", sa.JSON),
    sa.Column("next_nominal_at", Time),
    sa.Column("next_due_at", Time),
    sa.Column("created_at", Time, nullable=False),
    sa.Column("removed_at", Time),
    _live("monitors", "owner_id", "name"),
    sa.Index("ix_monitors_next_due_at", "next_due_at"),
)

monitor_products = sa.Table(
    "monitor_products",
    metadata,
    _owner(),
    sa.Column("monitor_id", Id, sa.ForeignKey("monitors.id"), primary_key=True),
    sa.Column("product_id", Id, sa.ForeignKey("products.id"), primary_key=True),
)

monitor_marketplaces = sa.Table(
    "monitor_marketplaces",
    metadata,
    _owner(),
    sa.Column("monitor_id", Id, sa.ForeignKey("monitors.id"), primary_key=True),
    sa.Column("marketplace", sa.String(100), primary_key=True),
)

robots_overrides = sa.Table(
    "robots_overrides",
    metadata,
    _id(),
    _owner(),
    sa.Column("marketplace", sa.String(100), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("decided_by", sa.String(200), nullable=False),
    sa.Column("decided_at", Time, nullable=False),
    sa.Column("removed_at", Time),
    _live("robots_overrides", "owner_id", "marketplace"),
)

runs = sa.Table(
    "runs",
    metadata,
    _id(),
    _owner(),
    # A run that a person asked for without one: an import, a check.
    sa.Column("monitor_id", Id, sa.ForeignKey("monitors.id")),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("trigger", sa.String(16), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("nominal_at", Time, nullable=False),
    sa.Column("late", sa.Boolean, nullable=False),
    sa.Column("created_at", Time, nullable=False),
    sa.Column("finished_at", Time),
    sa.UniqueConstraint("monitor_id", "nominal_at"),
    # With the state: the few that are open among all that ever were.
    sa.Index("ix_runs_owner_id_state", "owner_id", "state"),
)

crawls = sa.Table(
    "crawls",
    metadata,
    _id(),
    _owner(),
    sa.Column("run_id", Id, sa.ForeignKey("runs.id"), nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("marketplace", sa.String(100), nullable=False),
    sa.Column("spider", sa.String(32), nullable=False),
    sa.Column("queries", sa.JSON, nullable=False),
    sa.Column("limits", sa.JSON, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("not_before", Time, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False, server_default="0"),
    sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
    sa.Column("progress", sa.Integer, nullable=False, server_default="0"),
    sa.Column("claimed_by", sa.String(200)),
    sa.Column("lease_until", Time),
    sa.Column("started_at", Time),
    sa.Column("finished_at", Time),
    sa.Column("reason", sa.String(16)),
    sa.Column("detail", sa.Text),
    sa.Column("counters", sa.JSON, nullable=False),
    sa.Column("quality", sa.JSON),
    sa.Column("degraded", sa.Text),
    sa.Column("robots_override", sa.Text),
    sa.UniqueConstraint("run_id", "position"),
    sa.Index("ix_crawls_state_not_before", "state", "not_before"),
)

crawl_events = sa.Table(
    "crawl_events",
    metadata,
    _id(),
    _owner(),
    sa.Column("crawl_id", Id, sa.ForeignKey("crawls.id"), nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("event", sa.String(16), nullable=False),
    sa.Column("actor", sa.String(200)),
    sa.Column("detail", sa.Text),
    sa.Column("at", Time, nullable=False),
    sa.Index("ix_crawl_events_crawl_id", "crawl_id"),
)

sightings = sa.Table(
    "sightings",
    metadata,
    _id(),
    _owner(),
    sa.Column("crawl_id", Id, sa.ForeignKey("crawls.id"), nullable=False),
    sa.Column("listing_id", Id, sa.ForeignKey("listings.id"), nullable=False),
    sa.Column("listing_version_id", Id, sa.ForeignKey("listing_versions.id"), nullable=False),
    sa.Column("query", sa.String(300), nullable=False),
    sa.Column("rank", sa.Integer),
    sa.Column("seen_at", Time, nullable=False),
    sa.UniqueConstraint("crawl_id", "listing_id", "query"),
    sa.Index("ix_sightings_listing_id", "listing_id"),
)

# -------------------------------------------------------------------------------------------------- judgement

inspections = sa.Table(
    "inspections",
    metadata,
    _id(),
    _owner(),
    sa.Column("listing_id", Id, sa.ForeignKey("listings.id"), nullable=False),
    sa.Column("listing_version_id", Id, sa.ForeignKey("listing_versions.id"), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False, server_default="0"),
    sa.Column("lease_until", Time),
    sa.Column("judge_version", sa.String(64)),
    sa.Column("error", sa.Text),
    sa.Column("created_at", Time, nullable=False),
    sa.UniqueConstraint("owner_id", "listing_version_id"),
    sa.Index("ix_inspections_state_id", "state", "id"),
    # Whether a newer version was judged is asked for every step of a walk: with fewer columns each asks all of them.
    sa.Index("ix_inspections_owner_id_listing_id_listing_version_id", "owner_id", "listing_id", "listing_version_id"),
)

reassessments = sa.Table(
    "reassessments",
    metadata,
    _id(),
    _owner(),
    sa.Column("product_id", Id, sa.ForeignKey("products.id")),
    sa.Column("cause", sa.String(100), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("position", Id, nullable=False),
    sa.Column("upto", Id, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False, server_default="0"),
    sa.Column("lease_until", Time),
    sa.Column("created_at", Time, nullable=False),
    sa.Column("finished_at", Time),
    sa.Index("ix_reassessments_state_id", "state", "id"),
)

calibrations = sa.Table(
    "calibrations",
    metadata,
    _id(),
    _owner(),
    sa.Column("product_id", Id, sa.ForeignKey("products.id"), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("measures", sa.JSON, nullable=False),
    sa.Column("card", sa.JSON),
    sa.Column("attempt", sa.Integer, nullable=False, server_default="0"),
    sa.Column("lease_until", Time),
    sa.Column("created_at", Time, nullable=False),
    sa.Column("finished_at", Time),
    sa.Index("ix_calibrations_state_id", "state", "id"),
    sa.Index("ix_calibrations_product_id", "product_id"),
)

suspects = sa.Table(
    "suspects",
    metadata,
    _id(),
    _owner(),
    sa.Column("listing_id", Id, sa.ForeignKey("listings.id"), nullable=False),
    sa.Column("listing_version_id", Id, sa.ForeignKey("listing_versions.id"), nullable=False),
    sa.Column("score", sa.Float, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("verdict", sa.String(16)),
    # Over the present assessments: tells whether judging again has changed anything.
    sa.Column("assessed_sha256", Sha256, nullable=False),
    # The version that the verdict is about. (SQLite adds no foreign key to a table that is there.)
    sa.Column("verdict_version_id", Id),
    # Put off: until then, or, without a time, until its listing changes.
    sa.Column("snoozed_at", Time),
    sa.Column("snoozed_until", Time),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("first_suspected_at", Time, nullable=False),
    sa.Column("updated_at", Time, nullable=False),
    sa.UniqueConstraint("owner_id", "listing_id"),
    sa.Index("ix_suspects_listing_id", "listing_id"),
    sa.Index("ix_suspects_snoozed_until", "snoozed_until"),
    # All that is counted on the first page: nothing but this index is read for it.
    sa.Index("ix_suspects_first_page", "owner_id", "first_suspected_at", "state", "verdict", "snoozed_at"),
)

assessments = sa.Table(
    "assessments",
    metadata,
    _id(),
    _owner(),
    sa.Column("suspect_id", Id, sa.ForeignKey("suspects.id"), nullable=False),
    sa.Column("listing_version_id", Id, sa.ForeignKey("listing_versions.id"), nullable=False),
    sa.Column("product_id", Id, sa.ForeignKey("products.id"), nullable=False),
    sa.Column("judge_version", sa.String(64), nullable=False),
    sa.Column("score", sa.Float, nullable=False),
    sa.Column("reasons", sa.JSON, nullable=False),
    sa.Column("matches", sa.JSON, nullable=False),
    sa.Column("assessed_at", Time, nullable=False),
    sa.UniqueConstraint("listing_version_id", "product_id", "judge_version"),
    sa.Index("ix_assessments_suspect_id", "suspect_id"),
)

verdicts = sa.Table(
    "verdicts",
    metadata,
    _id(),
    _owner(),
    sa.Column("suspect_id", Id, sa.ForeignKey("suspects.id"), nullable=False),
    sa.Column("listing_version_id", Id, sa.ForeignKey("listing_versions.id"), nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("note", sa.Text),
    sa.Column("decided_by", sa.String(200), nullable=False),
    sa.Column("decided_at", Time, nullable=False),
    sa.Column("undone_at", Time),
    # Names those that were given about many suspects at once.
    sa.Column("batch", sa.String(32)),
    sa.Index("ix_verdicts_suspect_id", "suspect_id"),
    sa.Index("ix_verdicts_batch", "batch"),
    sa.Index("ix_verdicts_owner_id_decided_at_kind_undone_at", "owner_id", "decided_at", "kind", "undone_at"),
)

captures = sa.Table(
    "captures",
    metadata,
    _id(),
    _owner(),
    sa.Column("suspect_id", Id, sa.ForeignKey("suspects.id"), nullable=False),
    sa.Column("listing_version_id", Id, sa.ForeignKey("listing_versions.id"), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    # The crawl that is to make it, or has made it; not before then is another one planned.
    sa.Column("crawl_id", Id, sa.ForeignKey("crawls.id")),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("not_before", Time, nullable=False),
    sa.Column("requested_at", Time, nullable=False),
    sa.Column("captured_at", Time),
    sa.Column("means", sa.String(16)),
    sa.Column("status", sa.Integer),
    sa.Column("final_url", sa.Text),
    sa.Column("detail", sa.Text),
    sa.UniqueConstraint("suspect_id", "listing_version_id"),
    sa.Index("ix_captures_state_not_before", "state", "not_before"),
    sa.Index("ix_captures_crawl_id", "crawl_id"),
    sa.Index("ix_captures_owner_id_state", "owner_id", "state"),
)

capture_files = sa.Table(
    "capture_files",
    metadata,
    _id(),
    _owner(),
    sa.Column("capture_id", Id, sa.ForeignKey("captures.id"), nullable=False),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("sha256", Sha256, nullable=False),
    sa.Column("size", Id, nullable=False),
    sa.Column("media_type", sa.String(100), nullable=False),
    sa.Column("deleted_at", Time),
    sa.UniqueConstraint("capture_id", "role"),
    sa.Index("ix_capture_files_sha256", "sha256"),
)

outbox = sa.Table(
    "outbox",
    metadata,
    _id(),
    _owner(),
    sa.Column("suspect_id", Id, sa.ForeignKey("suspects.id"), nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("created_at", Time, nullable=False),
    # The index can never take it as it is, for this reason: it is kept for a person to see, and no longer sent.
    sa.Column("parked_at", Time),
    sa.Column("parked_reason", sa.Text),
    sa.Index("ix_outbox_suspect_id", "suspect_id"),
)
