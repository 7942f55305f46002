"""The reviewing regions: order, spellings, codes."""

from __future__ import annotations

import pytest

from hbreview.programmes import loader

KEYS = [
    "shijiazhuang", "chengde", "zhangjiakou", "qinhuangdao", "tangshan", "langfang", "baoding", "cangzhou",
    "hengshui", "xingtai", "handan", "dingzhou", "xiongan", "xinji",
]  # fmt: skip


def test_fourteen_regions_in_the_order_of_the_notice() -> None:
    assert [region.key for region in loader.regions()] == KEYS


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("石家庄", "shijiazhuang"), ("石家庄市", "shijiazhuang"), (" 石 家庄 ", "shijiazhuang"),
        ("130100", "shijiazhuang"),
        ("承德", "chengde"), ("承德市", "chengde"), ("Chengde", "chengde"), ("handan", "handan"),
        ("定州", "dingzhou"), ("定州市", "dingzhou"), ("130682", "dingzhou"), ("139001", "dingzhou"),
        ("雄安新区", "xiongan"), ("河北雄安新区", "xiongan"), ("雄安", "xiongan"), ("133100", "xiongan"),
        ("130629", "xiongan"), ("Xiong'an New Area", "xiongan"), ("xiongan", "xiongan"),
        ("辛集", "xinji"), ("辛集市", "xinji"), ("130181", "xinji"), ("139002", "xinji"),
    ],
)  # fmt: skip
def test_a_region_is_found_by_any_spelling(text: str, key: str) -> None:
    found = loader.region_named(text)
    assert found is not None
    assert found == loader.region(key)


@pytest.mark.parametrize("text", ["", " ", "北京", "保定工业学校", "130000"])
def test_what_is_no_region_is_none(text: str) -> None:
    assert loader.region_named(text) is None


def test_an_unknown_key_is_an_error() -> None:
    with pytest.raises(KeyError):
        loader.region("beijing")


def test_no_spelling_belongs_to_two_regions() -> None:
    seen: dict[str, str] = {}
    for region in loader.regions():
        for text in {region.name.zh, region.name.en, region.printed_platform, region.printed_base, *region.aliases}:
            assert seen.setdefault(text, region.key) == region.key


@pytest.mark.parametrize(
    ("key", "platform", "base"),
    [("chengde", "承德", "承德市"), ("dingzhou", "定州市", "定州"), ("xiongan", "雄安新区", "雄安新区")],
)
def test_each_roster_prints_a_region_its_own_way(key: str, platform: str, base: str) -> None:
    region = loader.region(key)
    assert (region.printed("platform"), region.printed("base")) == (platform, base)
