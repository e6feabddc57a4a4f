"""Section 5 of the handbook's page: each protection that is taken away, and where that is seen."""

from __future__ import annotations

from tests.faults.register import SIMULATED

CONTROLS = {
    "power cut": ("faults/test_power_cut.py::test_without_full_synchronous_most_cuts_lose_what_was_told",),
    "power cut, no sync": ("faults/test_power_cut.py::test_a_disk_that_lies_about_syncing_is_beyond_help",),
    "lost replies": (
        "faults/test_wire.py::test_the_control_without_a_cursor_a_batch_sent_twice_violates_a_key",
    ),
    "fork, clone, restore": (
        "faults/test_wire.py::test_the_control_without_the_look_at_overlapping_hashes_a_fork_is_accepted",
    ),
    "bit flip, tampering": ("store/test_journal.py::test_without_the_chain_the_same_edit_goes_unseen",),
    "cut tail, flipped WAL": (
        "sync/test_checkpoints.py::test_without_the_checkpoint_the_same_tail_is_taken",
    ),
    "downlink kill": (
        "faults/test_steps_controls.py::test_control_a_cursor_committed_before_its_items_is_seen",
    ),
    "feed under load": ("sync/test_feed.py::test_the_control_a_number_taken_early_loses_an_item",),
    "full disk": (
        "faults/test_disk.py::test_only_the_reserve_lets_the_log_reach_the_file_while_the_disk_is_full",
    ),
    "captive portal": (
        "faults/test_wire.py::test_the_control_where_any_200_is_believed_a_portal_swallows_the_outbox",
    ),
    "simulator, money": (SIMULATED,),
    "etcd races": ("faults/test_site.py::test_control_a_plain_put_in_place_of_a_create_has_many_winners",),
    "starvation": ("faults/test_load.py::test_control_where_each_lane_commits_for_itself_lanes_starve",),
}
"""By what the page calls it."""
