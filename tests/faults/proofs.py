"""Tests that carry their control in them, by what is broken: both sides of the register name them."""

from __future__ import annotations

_ACTS, _MOVES = "faults/test_power_cut_acts.py::", "faults/test_power_cut_moves.py::"
_ROOM, _BITS = "faults/test_disk_moves.py::", "faults/test_flips_alone.py::"
_NIGHTS = "faults/test_clock_nights.py::"

POWER = (
    f"{_ACTS}test_a_second_cut_while_the_first_is_recovered_from_loses_nothing_either",
    f"{_ACTS}test_a_cut_while_old_records_go_leaves_them_or_takes_them_with_their_anchor",
    f"{_ACTS}test_a_cut_within_an_erasure_leaves_a_guest_whole_or_gone_and_begun_again_nothing_of_them",
    f"{_ACTS}test_a_cut_while_central_destroys_a_key_leaves_all_of_it_or_not_an_octet",
    f"{_MOVES}test_a_cut_migration_of_the_state_file_is_begun_again_and_loses_nothing",
    f"{_MOVES}test_a_cut_migration_of_the_profiles_leaves_the_old_file_or_the_whole_new_one",
    f"{_MOVES}test_a_cut_while_all_is_sealed_with_a_new_key_leaves_what_one_of_both_opens",
)
ROOM = (
    f"{_ROOM}test_a_state_file_with_room_for_half_of_its_move_keeps_each_word",
    f"{_ROOM}test_profiles_that_cannot_be_built_anew_say_so_and_are_whole_until_there_is_room",
    f"{_ROOM}test_a_commit_that_needs_more_log_than_there_is_room_leaves_nothing_of_itself",
)
BITS = (
    f"{_BITS}test_an_ack_that_a_flipped_bit_raised_takes_along_nothing_that_central_lacks",
    f"{_BITS}test_a_cursor_that_a_flipped_bit_moves_on_passes_over_nothing",
    f"{_BITS}test_a_flipped_bit_in_the_name_of_the_live_profiles_loses_none",
    f"{_BITS}test_profiles_are_sealed_anew_though_a_bit_of_their_sealed_cursor_has_flipped",
    f"{_BITS}test_a_flipped_bit_in_the_number_of_the_live_name_lets_no_older_name_come_back",
    f"{_BITS}test_who_is_inside_is_known_though_a_flipped_bit_hides_its_row",
)
CLOCKS = (
    f"{_NIGHTS}test_a_day_of_23_or_25_hours_gives_one_use_and_the_next_day_another",
    f"{_NIGHTS}test_a_clock_that_jumps_a_day_gives_no_second_use_of_the_same_day",
    f"{_NIGHTS}test_a_clock_that_jumped_a_day_gives_no_second_use_after_a_restart_either",
    f"{_NIGHTS}test_a_quartz_that_drifts_for_a_week_is_off_by_no_more_than_its_clock_says",
)
