from __future__ import annotations

from collections.abc import Callable

import pytest

from ari_notebook.simulator.messages import AriRefusal
from ari_notebook.simulator.services.modules import ModuleRegistry


@pytest.fixture
def modules() -> ModuleRegistry:
    return ModuleRegistry(lambda: ["Echo", "Stasis"])


def refused(status: int, message: str, act: Callable[..., object], name: str) -> None:
    with pytest.raises(AriRefusal, match=message) as caught:
        act(name)
    assert caught.value.status == status


def test_application_is_used_by_the_channels_that_run_it(modules: ModuleRegistry) -> None:
    assert modules.get("app_echo.so") == {
        "name": "app_echo.so",
        "description": "Simple Echo Application",
        "use_count": 1,
        "status": "Running",
        "support_level": "core",
    }


def test_unloading_and_loading(modules: ModuleRegistry) -> None:
    modules.unload("func_math.so")
    assert "func_math.so" not in [each["name"] for each in modules.list()]
    refused(404, "Module not found in running modules", modules.unload, "func_math.so")
    refused(404, "Module could not be found in running modules", modules.get, "func_math.so")
    modules.load("func_math.so")
    refused(409, "Module is already loaded", modules.load, "func_math.so")
    refused(409, "Module load declined", modules.load, "nosuch.so")


def test_module_not_in_modules_conf_can_be_loaded() -> None:
    modules = ModuleRegistry(list, unloaded=["app_echo.so", "func_math", "nosuch.so"])
    refused(404, "Module not found in running modules", modules.reload, "app_echo.so")
    modules.load("app_echo.so")
    modules.load("func_math.so")


def test_modules_without_simulation_are_listed(modules: ModuleRegistry) -> None:
    modules.unload("app_page.so")
    refused(404, "Module could not be found in running modules", modules.get, "app_page.so")


def test_module_in_use_is_not_unloaded(modules: ModuleRegistry) -> None:
    refused(409, "Module could not be unloaded", modules.unload, "res_stasis.so")
    refused(409, "Module could not be unloaded", modules.unload, "app_echo.so")


def test_reload_depends_on_the_module(modules: ModuleRegistry) -> None:
    modules.reload("res_pjsip.so")
    refused(409, "Module does not support reloading", modules.reload, "chan_pjsip.so")
    refused(404, "Module not found in running modules", modules.reload, "nosuch.so")


def test_name_without_its_ending_is_a_conflict(modules: ModuleRegistry) -> None:
    refused(409, "Module information could not be retrieved", modules.get, "res_ari")
    refused(404, "Module could not be found in running modules", modules.get, "nosuch")
