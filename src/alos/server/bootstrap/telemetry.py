"""Opens what sends copies of records elsewhere."""

from collections.abc import Iterator

from alos.exporters.otlp import OtlpExporter, OtlpMissing
from alos.server.settings import Settings, SettingsError
from alos.store.vault.files import VaultMetrics


def open_otlp(settings: Settings) -> OtlpExporter | None:
    """The exporter to a collector, where one is named.

    Raises:
        SettingsError: the extra ``otlp`` is not installed.
    """
    if settings.otlp is None:
        return None
    try:
        return OtlpExporter(settings.otlp.url, settings.otlp.headers)
    except OtlpMissing as error:
        raise SettingsError(str(error)) from error


def count_copies(vault: VaultMetrics, otlp: OtlpExporter | None) -> Iterator[tuple[str, str, int]]:
    """Counters of the vault and of the exporter: (name, help, value)."""
    yield "alos_vault_bodies", "Prompts and answers that were put.", vault.bodies
    yield "alos_vault_bytes", "Encrypted bytes that were put.", vault.bytes_put
    yield "alos_vault_failures", "Batches that could not be made durable.", vault.failures
    if otlp is not None:
        counts = otlp.metrics
        yield "alos_otlp_sent", "Records sent as spans.", counts.sent
        yield "alos_otlp_dropped", "Records that did not fit in the queue.", counts.dropped
        yield "alos_otlp_failures", "Batches that the collector did not take.", counts.failures
