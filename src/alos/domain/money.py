"""Money as integer nano-dollars: prices, token usage, and the one place cost is computed."""

from dataclasses import dataclass, replace
from decimal import Decimal

NANOUSD_PER_USD = 1_000_000_000
TOKENS_PER_PRICE_UNIT = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens of one model answer in disjoint buckets (no token is in two of them).

    Providers report overlapping figures (OpenAI's ``prompt_tokens`` includes cached tokens,
    its ``completion_tokens`` includes reasoning); wire formats subtract before they build this.
    """

    input_tokens: int = 0
    cached_read_tokens: int = 0
    cache_write_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0

    @property
    def total_tokens(self) -> int:
        """All tokens, each counted once."""
        return (
            self.input_tokens
            + self.cached_read_tokens
            + self.cache_write_tokens
            + self.output_tokens
            + self.reasoning_tokens
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """List price of one model: nano-dollars per million tokens of each bucket.

    Attributes:
        above: (input tokens, price): the whole call is billed at that price where its input,
            cached tokens included, is larger; ``None`` where one price holds for all.
        source: where the row comes from, e.g. ``alos.yaml`` or ``genai-prices 0.2.3``.
    """

    input_nanousd: int
    output_nanousd: int
    cached_read_nanousd: int
    cache_write_nanousd: int
    reasoning_nanousd: int
    request_nanousd: int = 0
    source: str
    above: "tuple[int, Price] | None" = None

    def get_cost_nanousd(self, usage: Usage) -> int:
        """Price a usage; rounds up to a whole nano-dollar, once per call."""
        if self.above is not None:
            threshold, dearer = self.above
            if (
                usage.input_tokens + usage.cached_read_tokens + usage.cache_write_tokens
                > threshold
            ):
                return dearer.get_cost_nanousd(usage)
        millionths = (
            usage.input_tokens * self.input_nanousd
            + usage.cached_read_tokens * self.cached_read_nanousd
            + usage.cache_write_tokens * self.cache_write_nanousd
            + usage.output_tokens * self.output_nanousd
            + usage.reasoning_tokens * self.reasoning_nanousd
        )
        return -(-millionths // TOKENS_PER_PRICE_UNIT) + self.request_nanousd

    def get_ceiling_nanousd(self, *, input_tokens: int, output_tokens: int) -> int:
        """Price the dearest way that so many tokens can be billed."""
        if self.above is not None and input_tokens > self.above[0]:
            longer = self.above[1].get_ceiling_nanousd(
                input_tokens=input_tokens, output_tokens=output_tokens
            )
            shorter = replace(self, above=None)
            return max(
                longer,
                shorter.get_ceiling_nanousd(
                    input_tokens=input_tokens, output_tokens=output_tokens
                ),
            )
        dearest_in = max(self.input_nanousd, self.cached_read_nanousd, self.cache_write_nanousd)
        dearest_out = max(self.output_nanousd, self.reasoning_nanousd)
        millionths = input_tokens * dearest_in + output_tokens * dearest_out
        return -(-millionths // TOKENS_PER_PRICE_UNIT) + self.request_nanousd


def from_usd(amount: Decimal | int | str) -> int:
    """Turn dollars into nano-dollars, exactly.

    Raises:
        ValueError: not a finite amount, negative, or finer than a nano-dollar.
    """
    value = Decimal(amount)
    if not value.is_finite() or value < 0:
        message = "an amount of money is finite and not negative"
        raise ValueError(message)
    nano = value * NANOUSD_PER_USD
    if nano != nano.to_integral_value():
        message = "an amount of money has at most nine decimal places"
        raise ValueError(message)
    return int(nano)


def to_usd_text(nanousd: int) -> str:
    """Write nano-dollars as dollars without loss, e.g. ``0.000123`` or ``12.5``."""
    sign = "-" if nanousd < 0 else ""
    whole, rest = divmod(abs(nanousd), NANOUSD_PER_USD)
    decimals = f"{rest:09d}".rstrip("0")
    return f"{sign}{whole}.{decimals}" if decimals else f"{sign}{whole}"
