"""What the operator's ConfigMap says holds for all objects that say nothing."""

from hadyn.model.problems import ObjectRef
from tests import given
from tests.model.looks import complaints, inventory

CONFIG_MAP = "hadyn/options"
WEB = (given.service("shop", "web"), given.slice_("shop", "web", "10.0.0.1"))


def standing(**values):
    return given.config_map("hadyn", "options", **{key.replace("_", "-"): value for key, value in values.items()})


def shop(annotations=None, *objects):
    return inventory(*WEB, given.ingress("shop", "web", annotations=annotations), *objects, config_map=CONFIG_MAP)


def test_an_option_of_the_config_map_is_the_default_of_every_backend():
    assert shop(None, standing(slots="20")).backend("shop_web_80").capacity.slots == 20


def test_an_object_says_otherwise_than_the_config_map():
    assert shop({"hadyn.io/slots": "7"}, standing(slots="20")).backend("shop_web_80").capacity.slots == 7


def test_every_backend_is_looked_at_when_the_config_map_changes():
    shown = shop()
    touched = shown.apply(given.changes(standing(slots="20")))
    assert (touched.backends, touched.main_file) == ({"shop_web_80"}, True)


def test_a_config_map_that_says_the_same_again_touches_nothing():
    shown = shop(None, standing(slots="20"))
    assert not shown.apply(given.changes(standing(slots="20")))


def test_all_is_as_before_when_the_config_map_goes():
    shown = shop(None, standing(slots="20"))
    shown.apply(given.changes(deletes=(ObjectRef("ConfigMap", "hadyn", "options"),)))
    assert shown.backend("shop_web_80").capacity.slots == 10


def test_what_is_wrong_is_a_problem_of_the_config_map_and_left_out():
    shown = shop(None, standing(slots="many", nonsense="1"))
    assert complaints(shown) == [
        "configmap hadyn/options: data[nonsense]: hadyn has no annotation 'nonsense'",
        "configmap hadyn/options: data[slots]: 'many': a whole number from 1 to 10000 is wanted; the default (what --slots says) applies",
    ]


def test_a_line_end_behind_a_value_is_no_part_of_it():
    assert shop(None, standing(slots="20\n")).backend("shop_web_80").capacity.slots == 20
