"""Write the Harbour Analytics sample exports: `python sample_data/generate.py [OUTDIR]`.

Standard library only, one fixed seed: the same files byte for byte on every run.
"""

from __future__ import annotations

import sys
from pathlib import Path

from generator.company import found
from generator.crm_keys import link
from generator.files_billing import write_billing
from generator.files_care import write_care
from generator.files_crm import make_referrals, write_crm
from generator.files_finance import write_finance
from generator.files_surveys import write_surveys
from generator.initiatives import write_initiatives
from generator.truths import write_truths
from generator.worked import write_worked


def main(root: Path) -> None:
    """Simulate the company and write every data file below `root`."""
    company = found()
    keys = link(company)
    # Order matters: referrals name the referrer that deals repeat, and deals stamp their ids on lines.
    referrals = make_referrals(company)
    write_crm(root, company, keys, referrals)
    write_billing(root, company, keys)
    write_care(root, company)
    write_surveys(root, company)
    write_finance(root, company)
    write_initiatives(root)
    write_worked(root)
    write_truths(root, company)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent)
