"""The words by which people name columns and values; lower case, without punctuation."""

from __future__ import annotations

# Canonical column to other names of it, in any table that has the column.
COLUMNS: dict[str, tuple[str, ...]] = {
    "customer_id": ("customer", "customer number", "customer no", "cust id", "client id", "client",
                    "client no", "account code", "stripe customer id", "user id", "cust"),
    "invoice_id": ("invoice", "invoice number", "invoice no", "inv no", "document number", "number"),
    "line_id": ("line", "line number", "invoice line id", "item id"),
    "subscription_id": ("subscription",),
    "product_id": ("product", "sku", "item", "product name"),
    "plan_id": ("plan", "price id"),
    "issued_on": ("invoice date", "issue date", "issued", "issued at", "billed on", "billing date",
                  "billed date", "date"),
    "due_on": ("due date", "due"),
    "paid_on": ("paid at", "payment date", "paid date"),
    "amount": ("net amount", "net", "amount net", "total net", "subtotal", "value", "cost", "spend"),
    "tax": ("vat", "tax amount", "sales tax"),
    "discount": ("discount amount", "total discount"),
    "currency": ("currency code", "ccy"),
    "quantity": ("qty", "units", "seats", "count"),
    "unit_price": ("unit amount", "price per unit"),
    "period_start": ("service start", "service start date", "period from", "start date", "month", "from"),
    "period_end": ("service end", "service period end", "period to", "to", "until"),
    "interval": ("billing interval", "billing period", "frequency", "term"),
    "status": ("state", "invoice status", "payment status"),
    "kind": ("type", "line type", "item type"),
    "name": ("company", "company name", "customer name", "account name", "organization"),
    "email": ("e mail", "email address", "billing email"),
    "domain": ("website", "company domain", "web domain"),
    "country": ("billing country", "country region"),
    "segment": ("customer segment", "tier", "size"),
    "channel": ("acquisition channel", "marketing channel", "utm source", "lead source"),
    "created_on": ("created", "created at", "create date", "signup date", "created date"),
    "prior_supplier": ("previous supplier", "competitor", "switched from", "previous vendor"),
    "account_id": ("company id", "crm id", "crm account id", "account"),
    "billing_id": ("stripe customer id", "billing customer id", "customer id", "billing account"),
    "deal_id": ("opportunity id", "deal", "opportunity"),
    "outcome": ("result", "stage", "deal stage"),
    "closed_on": ("close date", "closed at", "won on", "closed date"),
    "referrer_customer_id": ("referred by customer", "referred by", "referrer", "referrer id"),
    "referrer_id": ("referrer", "referred by", "referring customer"),
    "referred_id": ("referred", "referred customer", "new customer"),
    "made_on": ("date", "referred on", "referral date"),
    "happened_on": ("date", "started on", "start date", "opened", "opened at", "activity date"),
    "ended_on": ("end date", "closed on", "finished on", "completed on"),
    "team": ("department", "function", "group"),
    "minutes": ("duration", "duration minutes", "time spent"),
    "flagged_on": ("date", "risk date", "flag date"),
    "reason": ("risk reason", "cause"),
    "asked_on": ("sent at", "sent on", "survey date"),
    "answered_on": ("responded at", "response date", "submitted at"),
    "score": ("rating", "answer"),
    "metric": ("feature", "feature name", "usage metric", "meter"),
    "category": ("cost type", "cost category"),
    "day": ("date", "rate date"),
    "rate": ("exchange rate", "fx rate", "rate to base"),
    "attempted_on": ("date", "payment date", "charged on", "attempted at"),
}  # fmt: skip

# Canonical value to other words for it, by canonical column.
VALUES: dict[str, dict[str, tuple[str, ...]]] = {
    "team": {
        "success": ("customer success", "cs", "csm", "account management", "cs team"),
        "support": (
            "customer support",
            "helpdesk",
            "help desk",
            "service desk",
            "customer service",
        ),
    },
    "kind": {
        "recurring": ("subscription", "subscription fee", "licence", "license", "renewal", "plan"),
        "one_off": ("one off", "one time", "onetime", "setup", "setup fee", "training", "service"),
        "usage": ("metered", "overage", "consumption"),
        "proration": ("prorated", "pro rata"),
        "credit": ("credit note", "credit memo"),
        "refund": ("refunded",),
        "writeoff": ("write off", "bad debt"),
        "trial": ("free trial",),
    },
    "status": {
        "paid": ("settled", "closed", "succeeded", "complete", "completed"),
        "open": ("unpaid", "pending", "sent", "due", "overdue", "past due", "outstanding"),
        "uncollectible": ("written off", "bad debt", "failed"),
        "void": ("voided", "cancelled", "canceled", "deleted"),
        "draft": ("drafted",),
    },
    "interval": {
        "day": ("daily",),
        "week": ("weekly",),
        "month": ("monthly", "mo", "months", "m"),
        "quarter": ("quarterly", "q"),
        "year": ("yearly", "annual", "annually", "yr", "years", "y"),
    },
    "outcome": {
        "won": ("closed won", "win"),
        "lost": ("closed lost", "loss"),
        "open": ("pending", "in progress"),
        "succeeded": ("success", "paid", "successful"),
        "failed": ("failure", "declined"),
    },
    "type": {
        "new": ("new business", "new logo"),
        "expansion": ("upsell", "cross sell", "existing business", "upgrade"),
        "renewal": ("renew",),
    },
    "category": {
        "marketing": ("ads", "advertising", "ad spend"),
        "sales": ("sales team", "commission", "commissions"),
        "onboarding": ("implementation",),
        "tools": ("software",),
        "cogs": ("cost of goods sold",),
        "payment_fees": ("payment fees", "processing fees"),
        "success": ("customer success",),
        "support": ("customer support",),
    },
}

# What an amount is, by a word in the file's name.
KINDS: dict[str, tuple[str, ...]] = {
    "credit": ("credit", "credits"),
    "refund": ("refund", "refunds"),
    "writeoff": ("writeoff", "writeoffs"),
}
# What a test account is called.
TESTS = ("test", "tests", "testing", "qa", "demo", "sandbox", "staging", "dummy")
# Words in an answer to "what influenced you?" that mean the people who help customers succeed.
CS = ("success", "cs", "csm", "cx", "support", "onboarding", "helpdesk", "helpline", "training")
