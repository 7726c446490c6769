"""cx/initiatives.yaml: the hand-kept list of customer-experience initiatives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .write import text

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "# Kept by hand: no system exports this. Weights are quoted, so that they stay exact decimals.\ninitiatives:\n"
INITIATIVES = """\
  - initiative_id: cx1
    name: Connector setup rebuilt around customers' aims
    aligned: true
    effective_from: 2025-07-01
    effective_to: null
    products: [connect]
    touchpoints: []
    segments: [smb, midmarket, enterprise]
    weight_switched: "1"
    weight_expanded: "1"
    evidence: 24 customer interviews (2025-01), acceptance test with 9 customers
  - initiative_id: cx2
    name: Guided setup instead of a manual
    aligned: true
    effective_from: 2024-09-01
    effective_to: null
    products: []
    touchpoints: [guided_setup]
    segments: []
    weight_switched: "1"
    weight_expanded: "0.5"
    evidence: journey study 2024-05, drop-off interviews
  - initiative_id: cx3
    name: Renewal desk answers within a day
    aligned: true
    effective_from: 2025-01-01
    effective_to: 2026-07-01
    products: []
    touchpoints: [renewal_desk]
    segments: [midmarket, enterprise]
    weight_switched: "0"
    weight_expanded: "0.5"
    evidence: complaints analysis 2024-11
  - initiative_id: cx4
    name: Vault bundle promotion
    aligned: false
    effective_from: 2025-03-01
    effective_to: 2026-03-01
    products: [vault]
    touchpoints: []
    segments: []
    weight_switched: "1"
    weight_expanded: "1"
    evidence: none, a sales target
"""


def write_initiatives(root: Path) -> None:
    """Write cx/initiatives.yaml."""
    text(root, "cx/initiatives.yaml", HEAD + INITIATIVES)
