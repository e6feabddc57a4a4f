"""The register of faults: which tests prove each row of the handbook's page, and which controls fail."""

from __future__ import annotations

from typing import NamedTuple

from tests.faults.proofs import BITS, CLOCKS, POWER, ROOM


class Row(NamedTuple):
    """One fault: tests by file and name below `tests/`, and what of it nothing here shows."""

    number: int
    fault: str
    proofs: tuple[str, ...]
    controls: tuple[str, ...]
    left: str = ""


SIMULATED = "faults/test_simulator.py::test_without_its_protection_a_promise_is_broken_within_so_many_seeds"
SLOTS, DISK = "journeys/test_switch_of_slots.py::", "faults/test_disk.py::"

ROWS = (
    Row(
        1,
        "kill -9 at every named step",
        (
            "faults/test_steps.py::test_no_cut_tap_is_lost_or_doubled",
            "faults/test_steps.py::test_no_cut_push_loses_or_doubles_an_event",
            "faults/test_steps.py::test_a_cut_central_keeps_a_whole_batch_or_none_of_it_and_takes_it_once",
            "faults/test_steps.py::test_no_cut_page_leaves_a_cursor_before_its_items_or_a_notice_twice",
            "faults/test_steps.py::"
            "test_a_cut_snapshot_leaves_the_old_copy_or_the_new_one_and_nothing_beside_it",
            "faults/test_steps.py::test_a_cut_start_or_stop_is_begun_again_and_loses_no_record",
            "faults/test_steps.py::test_a_cut_enrolment_is_finished_with_the_same_code",
            "faults/test_steps_site.py::test_no_cut_word_with_the_site_loses_or_doubles_a_use",
            "faults/test_kill.py::test_told_records_outlive_60_kills",
            "faults/test_killed_gate.py::test_a_killed_gate_answers_again_within_its_floor",
            "faults/test_kill_entry.py::test_no_step_of_an_entry_loses_or_doubles_it",
            "faults/test_kill_sale.py::test_no_step_of_a_sale_loses_or_doubles_it",
            "journeys/test_killed_verdict.py::"
            "test_screen_of_a_killed_gate_shows_no_green_that_is_not_written_down",
        ),
        (
            "faults/test_steps_controls.py::test_control_an_answer_before_its_commit_is_seen",
            "faults/test_steps_controls.py::test_control_what_is_pruned_by_an_ack_that_nobody_gave_is_missed",
            "faults/test_steps_controls.py::"
            "test_control_without_its_cursor_central_takes_a_batch_twice_and_it_is_seen",
            "faults/test_steps_controls.py::test_control_a_cursor_committed_before_its_items_is_seen",
            "faults/test_steps_controls.py::test_control_a_copy_that_is_built_in_place_is_seen",
            "faults/test_steps_controls.py::test_control_a_file_that_says_it_is_up_to_date_too_early_is_seen",
            "faults/test_steps_controls.py::test_control_a_key_that_is_kept_in_memory_alone_is_seen",
            "faults/test_steps_site.py::test_control_whoever_asks_blindly_for_the_next_number_is_seen",
            "faults/test_steps_site.py::test_control_without_a_look_for_orphans_a_killed_claim_stays",
        ),
    ),
    Row(
        2,
        "power cut",
        (
            "faults/test_power_cut.py::test_500_power_cuts_lose_nothing_that_was_told",
            "faults/test_power_cut_sale.py::test_a_power_cut_at_any_write_loses_and_doubles_no_sale",
            *POWER,
        ),
        (
            "faults/test_power_cut.py::test_without_full_synchronous_most_cuts_lose_what_was_told",
            "faults/test_power_cut.py::test_a_disk_that_lies_about_syncing_is_beyond_help",
            "faults/test_power_cut_sale.py::test_a_disk_that_syncs_nothing_is_beyond_help",
            *POWER,
        ),
        "A real power cut, SD and eMMC cards, firmware that lies.",
    ),
    Row(
        3,
        "full disk",
        (
            "faults/test_disk.py::test_full_disk_refuses_with_its_cause_logs_it_and_comes_back_by_itself",
            "faults/test_disk.py::test_store_that_starts_on_a_full_disk_comes_up_when_there_is_room",
            "faults/test_disk.py::test_a_copy_that_is_built_leaves_the_journal_its_room",
            *ROOM,
            "faults/test_disk_moves.py::"
            "test_a_state_file_that_cannot_be_brought_up_says_so_and_is_brought_up_when_there_is_room",
            "faults/test_disk_sale.py::"
            "test_a_full_disk_gives_no_green_and_the_same_basket_is_sold_once_when_there_is_room",
        ),
        (f"{DISK}test_only_the_reserve_lets_the_log_reach_the_file_while_the_disk_is_full", *ROOM),
        "Temporary files: SQLite keeps them in memory (edge/store/database.py).",
    ),
    Row(
        4,
        "read-only remount",
        (f"{DISK}test_disk_that_goes_read_only_while_taps_run_refuses_and_comes_back_by_itself",),
        (
            f"{DISK}test_control_a_disk_that_nobody_tries_again_stays_refused_though_it_is_writable",
            "faults/test_steps_controls.py::test_control_an_answer_before_its_commit_is_seen",
        ),
    ),
    Row(
        5,
        "bit flip",
        (
            "faults/test_flips.py::test_every_flipped_bit_in_a_record_is_found_where_sqlite_finds_none",
            "faults/test_flips.py::test_no_flipped_bit_in_a_profile_is_ever_believed",
            "faults/test_flips.py::test_until_the_walk_has_come_by_what_asks_for_a_hidden_row_goes_to_staff",
            "faults/test_flips.py::"
            "test_a_flipped_bit_in_the_log_ends_it_there_and_a_witness_misses_what_followed",
            "faults/test_flips.py::test_a_row_that_a_flipped_bit_in_its_key_hides_is_put_back",
            *BITS,
            "sync/test_snapshot.py::test_no_changed_bit_of_a_snapshot_is_believed",
            "store/test_journal.py::test_edit_of_any_column_is_located_to_its_record",
            "security/test_journal_tamper.py::test_every_damage_is_found_located_and_named",
        ),
        (
            "store/test_journal.py::test_without_the_chain_the_same_edit_goes_unseen",
            "faults/test_flips.py::test_a_row_that_a_flipped_bit_in_its_key_hides_is_put_back",
            "faults/test_flips.py::"
            "test_a_flipped_bit_in_the_log_ends_it_there_and_a_witness_misses_what_followed",
            *BITS,
            "security/test_journal_tamper.py::test_without_checkpoints_a_cut_tail_goes_unseen",
        ),
    ),
    Row(
        6,
        "clock",
        (
            "sync/test_time.py::test_central_sets_a_clock_that_is_three_days_wrong_and_order_stays",
            "security/test_clock.py::test_a_slot_at_whose_edge_the_wrong_clock_stands_goes_to_staff",
            "security/test_clock.py::test_the_journal_never_runs_back",
            "faults/test_lying_clock.py::"
            "test_a_wall_clock_that_lies_and_jumps_changes_no_order_and_locks_nobody_out",
            "faults/test_clock_sale.py::"
            "test_a_wall_clock_that_jumps_neither_ends_nor_prolongs_what_may_be_spent",
            *CLOCKS,
        ),
        (SIMULATED, *CLOCKS, "sync/test_time.py::test_the_control_an_ack_that_is_believed_sets_the_clock"),
    ),
    Row(
        7,
        "blackhole, reset, one-way loss, random loss, link down",
        (
            "faults/test_wire.py::"
            "test_a_line_that_fails_keeps_no_tap_waiting_and_drains_by_itself_when_it_heals",
            "faults/test_wire.py::test_a_dark_line_holds_up_no_stop",
            "faults/test_islands.py::"
            "test_a_cable_that_the_kernel_breaks_keeps_no_tap_waiting_and_all_arrives_once_it_is_whole",
            "faults/test_islands.py::test_every_fifth_packet_lost_costs_time_and_nothing_else",
        ),
        (
            SIMULATED,
            "faults/test_islands.py::test_control_without_a_fault_the_same_words_arrive_at_once",
        ),
    ),
    Row(
        8,
        "slow link 64 kbit/s",
        (
            "faults/test_islands.py::test_a_link_of_64_kbit_brings_what_is_urgent_first_and_the_rest_too",
            "faults/test_islands.py::"
            "test_batches_that_a_slow_line_does_not_bring_in_time_are_halved_until_it_does",
            "sync/test_client.py::test_a_batch_that_is_too_large_or_too_slow_is_halved_and_grows_back",
        ),
        ("faults/test_islands.py::test_control_whoever_sends_as_much_again_never_comes_through_a_slow_line",),
    ),
    Row(
        9,
        "delay, jitter, reorder, duplicate, cut in mid-body, replies lost",
        (
            "sync/test_strangers.py::test_a_fifth_of_all_replies_lost_doubles_nothing",
            "faults/test_postman.py::test_what_the_network_brings_twice_or_late_is_kept_once",
            "faults/test_postman.py::test_a_line_that_delays_and_loses_brings_each_event_once",
            "faults/test_wire.py::"
            "test_a_line_that_fails_keeps_no_tap_waiting_and_drains_by_itself_when_it_heals",
        ),
        ("faults/test_wire.py::test_the_control_without_a_cursor_a_batch_sent_twice_violates_a_key",),
    ),
    Row(
        10,
        "72 h offline, 1M events",
        (
            "faults/test_long_silence.py::test_three_days_of_events_arrive_exactly_once",
            "faults/test_alone.py::test_a_gate_alone_for_a_day_decides_on_and_is_judged_equal",
        ),
        ("faults/test_alone.py::test_a_decision_under_other_terms_is_not_judged_equal",),
    ),
    Row(
        11,
        "captive portal and lying middle boxes",
        (
            "sync/test_strangers.py::test_a_stranger_is_no_central",
            "sync/test_strangers.py::test_the_outbox_waits_behind_a_portal_and_goes_out_whole",
            "security/test_pinned_tls.py::test_a_wrong_certificate_spends_no_code",
        ),
        ("faults/test_wire.py::test_the_control_where_any_200_is_believed_a_portal_swallows_the_outbox",),
    ),
    Row(
        12,
        "device restored from an older copy",
        (
            "sync/test_both_ends.py::test_a_device_copied_back_in_time_is_frozen_and_says_so",
            "faults/test_copied_till.py::"
            "test_a_restored_backup_sells_nothing_is_found_out_and_other_tills_sell_on",
            "store/test_checkpoints.py::test_a_rolled_back_folder_is_seen_by_the_second_place_alone",
            "faults/test_site.py::test_an_older_copy_of_a_gate_is_frozen_by_the_nodes_alone",
        ),
        (
            "sync/test_site_witness.py::test_control_where_nobody_compares_the_copy_goes_on",
            "faults/test_copied_till.py::"
            "test_the_control_a_copy_that_is_believed_at_its_start_sells_the_same_money_again",
            "store/test_checkpoints.py::test_without_a_checkpoint_the_same_cut_goes_on_as_if_nothing_were",
        ),
    ),
    Row(
        13,
        "device cloned, both running",
        (
            "faults/test_wire.py::test_a_cloned_device_freezes_both_and_a_new_enrolment_heals",
            "faults/test_copied_till.py::"
            "test_a_cloned_disk_is_frozen_with_its_original_and_no_sale_of_either_is_booked_twice",
        ),
        ("faults/test_wire.py::test_the_control_without_the_look_at_overlapping_hashes_a_fork_is_accepted",),
    ),
    Row(
        14,
        "central restored from an older backup",
        (
            "sync/test_restored.py::test_lost_events_are_sent_again_and_the_alarm_ends",
            "sync/test_restored.py::test_a_running_edge_heals_a_restored_central_with_nobodys_help",
            "sync/test_restored.py::test_a_cursor_of_the_lost_time_is_void_though_its_number_fits_again",
        ),
        ("sync/test_restored.py::test_an_ordinary_report_begins_nothing", SIMULATED),
    ),
    Row(
        15,
        "poison event",
        (
            "sync/test_intake.py::test_a_poison_event_is_kept_aside_and_blocks_nobody",
            "sync/test_quarantine.py::test_what_can_be_read_by_now_goes_to_its_place",
            "sync/test_quarantine.py::test_an_event_that_only_the_database_refuses_stays_aside_unharmed",
        ),
        ("sync/test_intake.py::test_control_where_no_row_is_looked_for_one_poison_event_blocks_its_lane",),
    ),
    Row(
        16,
        "schema older and newer",
        (
            "faults/test_former.py::test_either_release_tells_the_other_all_and_hears_all",
            "faults/test_former.py::test_a_folder_goes_to_this_release_and_back_and_no_row_is_rewritten",
            "faults/test_former.py::"
            "test_below_the_floor_a_former_device_says_so_loses_nothing_and_drains_once_it_is_updated",
            "sync/test_versions.py::test_central_takes_events_and_reports_of_other_versions",
            "sync/test_versions.py::test_an_edge_reads_answers_of_other_versions",
            "sync/test_versions.py::test_below_the_floor_and_above_the_roof_is_426_and_nothing_is_stored",
        ),
        (
            "faults/test_former.py::test_control_a_row_that_an_upgrade_rewrites_is_seen_here_and_at_central",
            "faults/test_former.py::"
            "test_control_a_central_that_asks_for_what_former_devices_never_said_is_seen",
        ),
        "Screens of a former release: what is kept of it is both ends of the wire.",
    ),
    Row(
        17,
        "SIGSTOP",
        (
            "faults/test_site_nodes.py::test_a_leader_that_hangs_and_wakes_has_not_decided_otherwise",
            "faults/test_paused.py::test_a_till_that_slept_spends_nothing_of_what_ran_out_meanwhile",
            "faults/test_paused.py::"
            "test_a_central_that_sleeps_keeps_no_tap_waiting_and_takes_each_event_once_when_it_wakes",
            "faults/test_paused.py::"
            "test_a_database_that_sleeps_acknowledges_nothing_and_holds_each_event_once_when_it_wakes",
            "sync/test_woken.py::test_what_ran_out_while_it_was_waited_for_is_refused",
        ),
        ("faults/test_paused.py::test_a_till_that_slept_spends_nothing_of_what_ran_out_meanwhile",),
    ),
    Row(
        18,
        "leader kill, then 2 of 3 etcd nodes dead",
        (
            "faults/test_site_nodes.py::test_a_killed_leader_loses_no_claim_and_gives_none_away_twice",
            "faults/test_site_nodes.py::"
            "test_with_two_of_three_nodes_dead_each_gate_stands_alone_within_its_bounds",
            "faults/test_site_nodes.py::"
            "test_nodes_without_room_agree_to_nothing_and_gates_say_that_they_stand_alone",
            "faults/test_site_money.py::"
            "test_nodes_put_back_to_an_older_copy_of_their_disks_bring_no_part_home_that_was_taken",
        ),
        ("faults/test_site.py::test_control_a_plain_put_in_place_of_a_create_has_many_winners",),
    ),
    Row(
        19,
        "revocation during a partition",
        (
            "sync/test_both_ends.py::test_first_contact_brings_the_urgent_set_before_the_snapshot",
            "sync/test_order.py::test_first_contact_keeps_its_order",
            "faults/test_site.py::test_a_band_bound_by_central_is_bound_at_gates_by_the_site_alone",
            "journeys/test_lost_band.py::"
            "test_without_the_internet_the_other_gate_lets_the_lost_band_in_once_and_it_is_found",
            "core/test_lease.py::test_spending_stops_at_what_is_left_and_at_the_deadline",
        ),
        (SIMULATED,),
    ),
    Row(
        20,
        "driver gone",
        (
            "journeys/test_park.py::test_unplugged_reader_is_lost_and_reads_again_after_it_is_plugged_in",
            "hardware/ble/test_scanner.py::test_bluetoothd_that_dies_and_comes_back_is_listened_to_again",
            "hardware/test_supervisor.py::test_reader_that_hangs_is_lost_by_the_watchdog_and_reopened",
            "hardware/test_supervisor.py::test_reader_whose_old_handle_is_dead_is_opened_anew_and_reads",
        ),
        (
            "hardware/test_supervisor.py::"
            "test_control_a_reader_that_is_never_taken_for_lost_never_reads_again",
        ),
    ),
    Row(
        21,
        "update and downgrade mid-shift",
        (
            f"{SLOTS}test_gate_is_silent_for_one_restart_and_then_decides_from_the_other_slot",
            "run/test_unlocking.py::test_move_that_is_killed_begins_again_and_loses_nothing",
            "faults/test_steps.py::test_a_cut_start_or_stop_is_begun_again_and_loses_no_record",
        ),
        (
            f"{SLOTS}test_release_that_ends_at_once_is_left_and_the_gate_decides_again",
            "faults/test_steps_controls.py::test_control_a_file_that_says_it_is_up_to_date_too_early_is_seen",
        ),
    ),
    Row(
        22,
        "load while broken",
        (
            "faults/test_load.py::test_no_lane_waits_for_a_line_that_is_broken",
            "faults/test_load.py::test_no_lane_waits_for_a_disk_that_is_full",
            "faults/test_site_nodes.py::test_a_killed_leader_loses_no_claim_and_gives_none_away_twice",
        ),
        ("faults/test_load.py::test_control_where_each_lane_commits_for_itself_lanes_starve",),
    ),
)
"""Section 2 of the handbook's page."""
