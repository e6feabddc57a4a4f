"""The option `--crowd` of the demo: how many virtual guests a minute come from its start."""

from __future__ import annotations

import click

LIVELY, CROWD_MOST = 40, 600
"""Guests a minute: where nobody says how many, and as many as the park's page lets come."""

crowd_option = click.option(
    "--crowd",
    is_flag=False,
    flag_value=LIVELY,
    default=0,
    type=click.IntRange(0, CROWD_MOST),
    help=f"Let so many guests a minute come from the start; without a number {LIVELY}.",
)
