"""The only reader of the environment.

Every value comes from the environment, from NAME_FILE for secrets, or from `var/` where `run` keeps
generated secrets (mode 600). All faults are reported at once, as one SettingsError.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
from collections.abc import Mapping
from datetime import time
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from sms_service.errors import SettingsError

SECRET_NAMES = ("SECRET_KEY", "DATA_KEY", "WEBHOOK_TOKEN")
_ALSO_SECRET = ("DATABASE_URL", "REDIS_URL", "AFRICASTALKING_API_KEY", "KANNEL_PASSWORD")
GatewayName = Literal["console", "africastalking", "kannel"]
TimeWindow = tuple[time, time]

_PLAIN_PATH = re.compile(r"[A-Za-z0-9/._+-]+")
_WINDOW = re.compile(r"^(\d{2}):(\d{2})-(\d{2}):(\d{2})$")


def _comma_list(value: Any) -> Any:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _window(value: Any) -> Any:
    if value in ("", None):
        return None
    if isinstance(value, str):
        match = _WINDOW.match(value)
        if not match:
            raise ValueError("write it as HH:MM-HH:MM, or leave it empty for none")
        h1, m1, h2, m2 = map(int, match.groups())
        return time(h1, m1), time(h2, m2)
    return value


CommaList = Annotated[tuple[str, ...], BeforeValidator(_comma_list)]
Window = Annotated[TimeWindow | None, BeforeValidator(_window)]
OptionalFloat = Annotated[float | None, BeforeValidator(lambda v: None if v == "" else v), Field(gt=0)]


class Settings(BaseModel):
    """All settings, typed. Names are those of the environment in lower case."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    var_dir: Path = Path("var")
    port: int = Field(8000, ge=1, le=65535)
    database_url: str = ""
    redis_url: str = ""
    secret_key: str = Field(min_length=16)
    data_key: CommaList = Field(min_length=1)
    webhook_token: CommaList = Field(min_length=1)
    public_base_url: str = ""
    trusted_proxies: int = Field(0, ge=0, le=10)

    sms_gateway: Annotated[tuple[GatewayName, ...], BeforeValidator(_comma_list)] = ("console",)
    africastalking_username: str = ""
    africastalking_api_key: str = ""
    africastalking_sender_id: str = ""
    africastalking_base_url: str = ""
    kannel_sendsms_url: str = ""
    kannel_username: str = ""
    kannel_password: str = ""
    kannel_sender: str = ""

    service_code: str = "*123*62#"
    short_code: str = "12362"
    agency_name: str = "BP3MI NTT"
    office_address: str = ""
    office_phone: str = ""
    timezone: str = "Asia/Makassar"
    default_country: str = Field("ID", pattern=r"^[A-Z]{2}$")
    default_language: Literal["id", "en"] = "id"

    ussd_screen_septets: int = Field(160, ge=100, le=182)
    ussd_session_seconds: int = Field(300, ge=30, le=3600)
    quiet_hours: Window = (time(20), time(7))
    quiet_sunday: Window = (time(6), time(10))
    sms_segments_per_second: OptionalFloat = None
    sms_segment_price: float = Field(0, ge=0)
    gateway_balance_low: OptionalFloat = None
    send_lease_seconds: float = Field(60, gt=0, le=3600)
    canary_percent: float = Field(1, ge=0, le=100)
    canary_minimum: int = Field(20, ge=1)
    canary_seconds: float = Field(60, ge=0)
    halt_failure_percent: float = Field(20, gt=0, le=100)
    halt_stop_percent: float = Field(5, gt=0, le=100)
    # Of kind info, per person: one a day on the average. More is how people learn to text STOP.
    news_a_week: int = Field(7, ge=1, le=70)
    reporting_threshold: int = Field(3, ge=1)
    duty_numbers: CommaList = ()
    web_processes: int = Field(2, ge=1, le=64)
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR"],
        BeforeValidator(lambda v: v.upper() if isinstance(v, str) else v),
    ] = "INFO"

    @field_validator("timezone")
    @classmethod
    def _known_timezone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError("is not a time zone name such as Asia/Makassar") from error
        return value

    @field_validator("data_key")
    @classmethod
    def _usable_keys(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for key in value:
            try:
                decoded = base64.urlsafe_b64decode(key)
            except (binascii.Error, ValueError) as error:
                raise ValueError("each key is 32 bytes in URL-safe base64") from error
            if len(decoded) != 32:
                raise ValueError("each key is 32 bytes in URL-safe base64")
        return value

    @field_validator("webhook_token")
    @classmethod
    def _long_tokens(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if any(not re.fullmatch(r"[A-Za-z0-9_-]{16,128}", token) for token in value):
            raise ValueError("each token is 16 to 128 letters, digits, - or _")
        return value

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        for short in ("postgres://", "postgresql://"):
            if value.startswith(short):
                return "postgresql+psycopg://" + value.removeprefix(short)
        if value and not value.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise ValueError("give a postgresql:// or sqlite:/// address")
        return value

    @model_validator(mode="after")
    def _gateways_are_complete(self) -> Settings:
        needed = {
            "africastalking": ("africastalking_username", "africastalking_api_key"),
            "kannel": ("kannel_sendsms_url",),
        }
        missing = [
            name.upper()
            for gateway in self.sms_gateway
            for name in needed.get(gateway, ())
            if not getattr(self, name)
        ]
        if missing:
            raise ValueError(f"SMS_GATEWAY needs {', '.join(missing)} too")
        if not self.sms_gateway:
            raise ValueError("SMS_GATEWAY names no gateway")
        return self

    @cached_property
    def zone(self) -> ZoneInfo:
        """The office's time zone."""
        return ZoneInfo(self.timezone)

    @property
    def effective_database_url(self) -> str:
        """DATABASE_URL, or the SQLite file under VAR_DIR."""
        return self.database_url or f"sqlite:///{self.var_dir.resolve() / 'jalur.sqlite3'}"

    @property
    def effective_redis_url(self) -> str:
        """REDIS_URL, or the unix socket of the embedded server under VAR_DIR."""
        return self.redis_url or f"unix://{redis_socket_path(self.var_dir)}"

    @property
    def is_rehearsal(self) -> bool:
        """True where texts reach only the console's phones: the clock may be shifted there."""
        return self.sms_gateway == ("console",)

    @property
    def base_url(self) -> str:
        """Where this service is reached from outside, without a trailing slash."""
        return (self.public_base_url or f"http://127.0.0.1:{self.port}").rstrip("/")

    def masked(self) -> dict[str, str]:
        """Every setting as text, secrets masked, for `settings` and the console."""
        secret = {name.lower() for name in (*SECRET_NAMES, *_ALSO_SECRET)}
        shown: dict[str, str] = {}
        for name, value in self.model_dump(mode="json").items():
            if name in secret and value:
                shown[name.upper()] = "(set, hidden)"
            elif name == "duty_numbers":
                shown[name.upper()] = f"({len(value)} numbers)"
            else:
                shown[name.upper()] = (
                    ",".join(value) if isinstance(value, list) and name != "quiet_hours" else str(value)
                )
        return shown


def redis_socket_path(var_dir: Path) -> Path:
    """Where the embedded Redis listens. A unix socket's path may hold 107 bytes at most, and Redis clients
    trip over spaces and signs in it, so a deep or odd VAR_DIR gets a private folder under the system's
    temporary one, named after it."""
    path = var_dir.resolve() / "redis.sock"
    if len(os.fsencode(path)) <= 100 and _PLAIN_PATH.fullmatch(str(path)):
        return path
    import hashlib
    import tempfile

    name = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"jalur-{os.getuid()}-{name}" / "redis.sock"


def _given(environ: Mapping[str, str], faults: list[str]) -> dict[str, str]:
    """Collect what the environment, NAME_FILE and var/ hold, by field name."""
    given: dict[str, str] = {}
    var_dir = Path(environ.get("VAR_DIR") or "var")
    for field in Settings.model_fields:
        name = field.upper()
        if environ.get(name) is not None and (environ[name] != "" or field.startswith("quiet_")):
            given[field] = environ[name]
        elif environ.get(f"{name}_FILE"):
            try:
                given[field] = Path(environ[f"{name}_FILE"]).read_text(encoding="utf-8").strip()
            except OSError as error:
                faults.append(f"{name}_FILE cannot be read ({error.strerror})")
        elif name in SECRET_NAMES and (kept := var_dir / "secrets" / name).is_file():
            given[field] = kept.read_text(encoding="utf-8").strip()
    return given


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings. Raises SettingsError naming every fault at once; it never shows a value."""
    faults: list[str] = []
    given = _given(os.environ if environ is None else environ, faults)
    try:
        settings = Settings.model_validate(given)
    except ValidationError as error:
        for fault in error.errors(include_input=False, include_url=False):
            name = str(fault["loc"][0]).upper() if fault["loc"] else ""
            if fault["type"] == "missing":
                faults.append(
                    f"{name} is not set (nor {name}_FILE, nor {name.lower()} under VAR_DIR/secrets)"
                )
            else:
                faults.append(f"{name} {fault['msg'].removeprefix('Value error, ')}".strip())
        raise SettingsError(faults) from None
    if faults:
        raise SettingsError(faults)
    return settings
