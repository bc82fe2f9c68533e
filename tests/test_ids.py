"""Every process collects the same tests under the same names, as pytest-xdist demands."""


def test_no_id_holds_a_memory_address(request):
    assert [item.nodeid for item in request.session.items if " at 0x" in item.nodeid] == []
