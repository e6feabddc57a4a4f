"""Every kind of what central tells about goods has its form, and each form one kind."""

from __future__ import annotations

import msgspec

from edge.core.goods import GOODS


def test_each_kind_has_a_form_of_its_own() -> None:
    assert len(set(GOODS.values())) == len(GOODS) > 0
    assert all(issubclass(form, msgspec.Struct) and form.__struct_config__.frozen for form in GOODS.values())
