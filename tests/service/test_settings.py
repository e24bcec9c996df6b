"""Settings from the environment."""

import traceback
from pathlib import Path

import pytest

from service.errors import SettingsError
from service.settings import Settings, from_environment


def test_without_variables_nothing_needs_to_be_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GROUNDWIRE_DATA_DIR")
    settings = from_environment()
    assert (settings.llm, settings.host, settings.port) == ("extractive", "127.0.0.1", 8000)
    assert settings.data_dir == Path(".data")
    assert (settings.chroma, settings.llm_base_url, settings.llm_api_key) == (None, None, None)


def test_each_field_is_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUNDWIRE_LLM", "openai-like/news-7b")
    monkeypatch.setenv("GROUNDWIRE_LLM_BASE_URL", "http://127.0.0.1:8080/v1")
    monkeypatch.setenv("GROUNDWIRE_PORT", "8001")
    settings = from_environment()
    assert (settings.llm, settings.llm_base_url, settings.port) == (
        "openai-like/news-7b",
        "http://127.0.0.1:8080/v1",
        8001,
    )


def test_an_empty_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LLM", "LLM_BASE_URL", "LLM_API_KEY", "PORT", "CHROMA", "MODEL_DIR"):
        monkeypatch.setenv(f"GROUNDWIRE_{name}", "")
    monkeypatch.delenv("GROUNDWIRE_DATA_DIR")
    assert from_environment() == Settings.model_construct()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GROUNDWIRE_PORT", "eighty"),
        ("GROUNDWIRE_PORT", "70000"),
        ("GROUNDWIRE_LLM", "gpt"),
        ("GROUNDWIRE_LLM", "openai-like/"),
        ("GROUNDWIRE_LLM_ALLOWED", "extractive,gpt-4o"),
        ("GROUNDWIRE_LLM_TIMEOUT", "0"),
        ("GROUNDWIRE_LLM_CONTEXT_WINDOW", "100"),
        ("GROUNDWIRE_EMBEDDING", "bert"),
        ("GROUNDWIRE_FALLBACK", "maybe"),
        ("GROUNDWIRE_ON_UNSUPPORTED", "hide"),
        ("GROUNDWIRE_LLM_BASE_URL", "127.0.0.1:8080"),
        ("GROUNDWIRE_CHROMA", "chroma:8000"),
        ("GROUNDWIRE_PUBLIC_URL", "news.example"),
        ("GROUNDWIRE_PUBLIC_URL", "https://"),
        ("GROUNDWIRE_PUBLIC_URL", "https:///ask"),
        ("GROUNDWIRE_PUBLIC_URL", "ftp://news.example"),
        ("GROUNDWIRE_PUBLIC_URL", "https://news.example/?a=1"),
        ("GROUNDWIRE_PUBLIC_URL", "https://news.example/#a"),
        ("GROUNDWIRE_PUBLIC_URL", "https://news .example"),
        ("GROUNDWIRE_PUBLIC_URL", "https://[::1"),
        ("GROUNDWIRE_PUBLIC_URL", "http://user:pw@news.example"),
        ("GROUNDWIRE_PUBLIC_URL", "http://news.example:99999"),
        ("GROUNDWIRE_PUBLIC_URL", "https://news.example/a\\b"),
        ("GROUNDWIRE_PUBLIC_URL", "https://192.168.1"),
        ("GROUNDWIRE_CORS_ORIGINS", "news.example"),
        ("GROUNDWIRE_CORS_ORIGINS", "https://news.example/page"),
        ("GROUNDWIRE_CORS_ORIGINS", "https://news.example, null"),
        ("GROUNDWIRE_CORS_ORIGINS", "https://a.example https://b.example"),
        ("GROUNDWIRE_CHAT_EXTRAS", "everything"),
        ("GROUNDWIRE_FETCH_ALLOWED", "*"),
        ("GROUNDWIRE_FETCH_ALLOWED", "http://wiki.corp"),
        ("GROUNDWIRE_FETCH_ALLOWED", "wiki.corp:8080"),
        ("GROUNDWIRE_FETCH_ALLOWED", "wiki.corp, 10.0.0.1/8"),
        ("GROUNDWIRE_FETCH_ALLOWED", "10.0.0.0/33"),
        ("GROUNDWIRE_FETCH_ALLOWED", "300.1.1.1"),
        ("GROUNDWIRE_FETCH_ALLOWED", "0x7f"),
        ("GROUNDWIRE_FETCH_ALLOWED", "10.1"),
        ("GROUNDWIRE_FETCH_ALLOWED", "*."),
    ],
)
def test_a_value_that_cannot_be_names_its_variable(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=name):
        from_environment()


def test_hosts_and_networks_of_an_intranet_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUNDWIRE_FETCH_ALLOWED", "Wiki.corp, *.corp, 10.0.0.0/8, 192.168.0.7, fd00::/8, localhost")
    allowed = ("Wiki.corp", "*.corp", "10.0.0.0/8", "192.168.0.7", "fd00::/8", "localhost")
    assert from_environment().fetch_allowed == allowed


def test_the_key_is_in_no_text_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUNDWIRE_LLM_API_KEY", "sk-secret")
    settings = from_environment()
    assert "sk-secret" not in f"{settings!r} {settings} {settings.model_dump_json()}"
    assert settings.llm_api_key is not None
    assert settings.llm_api_key.get_secret_value() == "sk-secret"
    monkeypatch.setenv("GROUNDWIRE_PORT", "x")
    with pytest.raises(SettingsError) as caught:
        from_environment()
    assert "sk-secret" not in str(caught.value)


@pytest.mark.parametrize("key", ["gw_ab cd", "gw_ab\ncd", "gw_schlüssel"])
def test_what_cannot_be_sent_as_a_key_is_refused_and_not_repeated(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv("GROUNDWIRE_API_KEY", key)
    with pytest.raises(SettingsError, match="GROUNDWIRE_API_KEY: it is no key") as caught:
        from_environment()
    assert key not in "".join(traceback.format_exception(caught.value))


def test_a_model_of_no_provider_is_told_the_providers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUNDWIRE_LLM_ALLOWED", "openai/gpt-4o, mistral/large")
    with pytest.raises(
        SettingsError, match=r"^GROUNDWIRE_LLM_ALLOWED: 'mistral/large' is none of extractive, openai/<"
    ):
        from_environment()


def test_what_faces_clients_is_read_as_people_write_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUNDWIRE_PUBLIC_URL", "https://News.example:443/ask/")
    monkeypatch.setenv("GROUNDWIRE_CORS_ORIGINS", " https://News.example/ ,http://localhost:*,, ")
    monkeypatch.setenv("GROUNDWIRE_CHAT_EXTRAS", "sources, events")
    settings = from_environment()
    assert settings.public_url == "https://news.example/ask"
    assert settings.cors_origins == ("https://news.example", "http://localhost:*")
    assert settings.chat_extras == ("sources", "events")


def test_by_default_no_page_elsewhere_may_ask_and_links_begin_with_the_requests_own_address() -> None:
    settings = from_environment()
    assert (settings.public_url, settings.cors_origins, settings.chat_extras) == (None, (), ())


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("PUBLIC_URL", "news.example", "'news.example' is no address such as https://news.example or"),
        ("PUBLIC_URL", "http://a:b@news.example", "leave out what stands before the @"),
        ("PUBLIC_URL", "http://news.example/?a", "leave out what begins with ? or #"),
        ("FETCH_ALLOWED", "wiki.corp, 10.0.0.1/8", "'10.0.0.1/8' is no host that can be allowed: name a name"),
        ("CORS_ORIGINS", "*, https://news.example/page", "'https://news.example/page' is no origin such as"),
        ("CHAT_EXTRAS", "spans,everything", "should be 'events', 'sources' or 'spans'"),
    ],
)
def test_a_wrong_value_of_what_faces_clients_is_told_what_a_right_one_looks_like(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(f"GROUNDWIRE_{name}", value)
    with pytest.raises(SettingsError) as caught:
        from_environment()
    assert str(caught.value).startswith(f"GROUNDWIRE_{name}: ")
    assert said in str(caught.value)


def test_what_must_be_seen_nowhere_is_all_that_is_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = {name for name, field in Settings.model_fields.items() if "Secret" in str(field.annotation)}
    assert "llm_api_key" in secret
    for name in secret:
        monkeypatch.setenv(f"GROUNDWIRE_{name.upper()}", f"the-{name}")
    assert set(from_environment().secrets) == {f"the-{name}" for name in secret}


def test_the_log_has_one_of_two_formats(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (from_environment().log_format, from_environment().log_questions) == ("text", False)
    monkeypatch.setenv("GROUNDWIRE_LOG_FORMAT", "xml")
    with pytest.raises(SettingsError, match=r"GROUNDWIRE_LOG_FORMAT: .*'text' or 'json'"):
        from_environment()


@pytest.mark.parametrize(
    ("llm", "model", "request_time", "needed"),
    [
        ("extractive", "300", "120", None),  # no model's time counts
        ("extractive", "60", "5", None),
        ("ollama/news", "60", "90", None),
        ("ollama/news", "60", "89", "90"),
        ("ollama/news", "300", "120", "330"),
    ],
)
def test_a_request_must_have_time_for_the_model_and_for_who_answers_in_its_place(
    monkeypatch: pytest.MonkeyPatch, llm: str, model: str, request_time: str, needed: str | None
) -> None:
    monkeypatch.setenv("GROUNDWIRE_LLM", llm)
    monkeypatch.setenv("GROUNDWIRE_LLM_TIMEOUT", model)
    monkeypatch.setenv("GROUNDWIRE_REQUEST_TIMEOUT", request_time)
    if needed is None:
        assert from_environment().request_timeout == float(request_time)
        return
    with pytest.raises(
        SettingsError, match=f"GROUNDWIRE_LLM_TIMEOUT: .* set GROUNDWIRE_REQUEST_TIMEOUT={needed} or more"
    ):
        from_environment()


def test_the_keys_are_in_the_data_folder_unless_they_are_said_to_be_elsewhere(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert from_environment().keys_file == tmp_path / "data" / "keys.json"
    monkeypatch.setenv("GROUNDWIRE_KEYS", str(tmp_path / "secrets" / "keys"))
    assert from_environment().keys_file == tmp_path / "secrets" / "keys"
