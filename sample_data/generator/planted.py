"""The numbers that later analyses must find again: every planted truth in one place."""

from __future__ import annotations

from datetime import date

# Chance of leaving at a renewal: each customer's own p, drawn once.
MONTHLY_BETA = (1.3, 19.0)
ANNUAL_BETA = (0.9, 2.7)

# New customers of a month = K * spend ** ALPHA, times lognormal noise of this sigma, rounded at random.
CHANNELS = {  # channel: (k, alpha, typical monthly spend in USD)
    "search": (0.01950, 0.62, 24_000),
    "social": (0.06700, 0.45, 12_000),
    "partner": (0.03250, 0.55, 14_000),
    "events": (0.08700, 0.40, 10_000),
    "content": (0.04950, 0.50, 8_000),
}
CHANNEL_SIGMA = 0.12
SPEND_SPREAD = 3.8  # dearest over cheapest month of a channel
REFERRALS_A_MONTH = 2.4

# Risk episodes. The chance of help depends on observed facts only.
SAVE_SHARE = 0.6  # of the losses that would follow within 12 months, help prevents this share
GRACE_DAYS = 30
PROPENSITY = {"intercept": 0.10, "log_mrr": 0.20, "tickets": 0.30, "decline": 1.6}
PROPENSITY_SEGMENT = {"startup": -0.35, "smb": -0.10, "midmarket": 0.15, "enterprise": 0.35}
PROPENSITY_RANGE = (0.15, 0.80)

# The one initiative that changes behaviour: chance a month that a customer adds seats, in three units.
INITIATIVE_START = date(2025, 7, 1)
INITIATIVE_PRODUCT = "connect"
INITIATIVE_SEGMENTS = ("smb", "midmarket", "enterprise")
INITIATIVE_CHANCE = 0.12
INITIATIVE_STEP = 0.25

# Satisfaction drivers: share of each item in the 0-10 recommendation score.
DRIVER_WEIGHTS = {
    "ease_of_use": 0.35,
    "reliability": 0.25,
    "support": 0.20,
    "value_for_money": 0.12,
    "onboarding": 0.08,
    "reporting": 0.0,
}
