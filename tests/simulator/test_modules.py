import pytest

from ari_notebook.simulator.messages import Refused
from ari_notebook.simulator.modules import Modules


@pytest.fixture
def modules():
    return Modules(lambda: ["Echo", "Stasis"])


def refused(status, message, act, name):
    with pytest.raises(Refused, match=message) as caught:
        act(name)
    assert caught.value.status == status


def test_an_application_is_used_by_the_channels_that_run_it(modules):
    assert modules.get("app_echo.so") == {
        "name": "app_echo.so",
        "description": "Simple Echo Application",
        "use_count": 1,
        "status": "Running",
        "support_level": "core",
    }


def test_unloading_and_loading(modules):
    modules.unload("func_math.so")
    assert "func_math.so" not in [each["name"] for each in modules.list()]
    refused(404, "Module not found in running modules", modules.unload, "func_math.so")
    refused(404, "Module could not be found in running modules", modules.get, "func_math.so")
    modules.load("func_math.so")
    refused(409, "Module is already loaded", modules.load, "func_math.so")
    refused(409, "Module load declined", modules.load, "nosuch.so")


def test_what_modules_conf_leaves_out_is_loaded_later():
    modules = Modules(list, unloaded=["app_echo.so", "func_math", "nosuch.so"])
    refused(404, "Module not found in running modules", modules.reload, "app_echo.so")
    modules.load("app_echo.so")
    modules.load("func_math.so")


def test_what_the_simulator_does_not_do_itself_is_there_as_well(modules):
    modules.unload("app_page.so")
    refused(404, "Module could not be found in running modules", modules.get, "app_page.so")


def test_what_is_in_use_stays(modules):
    refused(409, "Module could not be unloaded", modules.unload, "res_stasis.so")
    refused(409, "Module could not be unloaded", modules.unload, "app_echo.so")


def test_only_some_can_reload(modules):
    modules.reload("res_pjsip.so")
    refused(409, "Module does not support reloading", modules.reload, "chan_pjsip.so")
    refused(404, "Module not found in running modules", modules.reload, "nosuch.so")


def test_a_name_without_its_ending_is_a_conflict(modules):
    refused(409, "Module information could not be retrieved", modules.get, "res_ari")
    refused(404, "Module could not be found in running modules", modules.get, "nosuch")
