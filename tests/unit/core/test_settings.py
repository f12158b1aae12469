from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

import pytest
from pydantic import ValidationError

from forecourt.core.errors import SettingsError, UsageError
from forecourt.core.settings import FetchSettings, Settings


def test_values_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORECOURT_HOME", "/srv/forecourt")
    monkeypatch.setenv("FORECOURT_FETCH__TIMEOUT_S", "2.5")
    monkeypatch.setenv("FORECOURT_FETCH__ALLOW_NETWORKS", " 127.0.0.0/8 , ::1/128,")
    settings = Settings()
    assert settings.home == Path("/srv/forecourt")
    assert settings.fetch.timeout_s == 2.5
    assert settings.fetch.allow_networks == (ip_network("127.0.0.0/8"), ip_network("::1/128"))
    assert settings.fetch.retries == 2  # the others keep their defaults


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORECOURT_HOME", "")
    monkeypatch.setenv("FORECOURT_DATABASE", "")
    monkeypatch.setenv("FORECOURT_FETCH__RETRIES", "")
    settings = Settings()
    assert settings.home == Path(".forecourt")
    assert settings.database_url == f"sqlite:///{Path('.forecourt') / 'forecourt.db'}"
    assert settings.fetch.retries == 2


def test_the_database_goes_before_the_home_folder() -> None:
    assert Settings(home=Path("h"), database="postgresql://db/f").database_url == (
        "postgresql://db/f"
    )
    assert Settings(home=Path("h")).database_url == f"sqlite:///{Path('h') / 'forecourt.db'}"


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("FETCH__CONCURRENCY", "abc", r"FORECOURT_FETCH__CONCURRENCY is 'abc', but: .*integer"),
        ("FETCH__CONCURRENCY", "0", "greater than or equal to 1"),
        ("FETCH__TIMEOUT_S", "0", "greater than 0"),
        ("FETCH__TIMEOUT_S", "nan", "finite"),
        ("FETCH__MAX_VALIDITY_S", "inf", "finite"),
        ("FETCH__VERIFY_SHARE", "1.5", "less than or equal to 1"),
        ("FETCH__ALLOW_NETWORKS", "127.0.0.1/8", r"127\.0\.0\.1/8 has host bits set"),
        ("FETCH__ALLOW_NETWORKS", "localhost", "FORECOURT_FETCH__ALLOW_NETWORKS is 'localhost'"),
        ("FETCH__TIMOUT_S", "3", r"FORECOURT_FETCH__TIMOUT_S is no setting; docs/settings\.md"),
        ("FETCH", "fast", r"fetch.*docs/settings\.md"),
        ("TYPO", "1", r"FORECOURT_TYPO is no setting; docs/settings\.md lists them all\.$"),
        ("DATABSE", "postgresql://db/f", r"FORECOURT_DATABSE is .* Is FORECOURT_DATABASE meant\?"),
        ("FETCH__TIMOUT_S", "3", r"Is FORECOURT_FETCH__TIMEOUT_S meant\?"),
        ("FETCHES__RETRIES", "3", r"Is FORECOURT_FETCH__RETRIES meant\?"),
        ("FETCH_RETRIES", "3", r"Is FORECOURT_FETCH__RETRIES meant\?"),
        ("HOME", "~nobody-of-that-name/x", "FORECOURT_HOME is '~nobody-of-that-name/x', but: "),
    ],
)
def test_a_value_without_sense_is_named_with_its_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, message: str
) -> None:
    monkeypatch.setenv(f"FORECOURT_{variable}", value)
    with pytest.raises(SettingsError, match=message) as caught:
        Settings()
    assert isinstance(caught.value, UsageError)  # exit code 2
    assert "\n" not in str(caught.value)


def test_every_wrong_value_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORECOURT_FETCH__RETRIES", "-1")
    monkeypatch.setenv("FORECOURT_VISION__BATCH", "0")
    with pytest.raises(SettingsError, match=r"FETCH__RETRIES is '-1'.*VISION__BATCH is '0'"):
        Settings()


@pytest.mark.parametrize(
    "variable",
    [
        "DATA", "WEIGHTS",  # of training
        "SERVICE_HOST", "SERVICE_PORT_HTTP", "PORT", "PORT_80_TCP_ADDR",  # of Kubernetes
    ],
)  # fmt: skip
def test_variables_that_are_none_of_ours_are_no_settings(
    monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(f"FORECOURT_{variable}", "tcp://10.0.0.11:80")
    assert Settings() == Settings.model_construct()


def test_an_unknown_variable_that_is_empty_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORECOURT_TYPO", "")
    assert Settings() == Settings.model_construct()


def test_a_quoted_tilde_is_the_home_of_the_account(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("FORECOURT_HOME", "~/x")
    monkeypatch.setenv("FORECOURT_VISION__BUNDLE", "~/bundle")
    settings = Settings()
    assert settings.home == tmp_path / "x"
    assert settings.vision.bundle == tmp_path / "bundle"


def test_settings_do_not_change() -> None:
    settings = Settings()
    with pytest.raises(ValidationError, match="frozen"):
        settings.fetch.retries = 5  # type: ignore[misc]
    with pytest.raises(ValidationError, match="frozen"):
        settings.home = Path("x")  # type: ignore[misc]
    assert FetchSettings().retries == 2
