from tamis._native import Stage

class HttpOptions:
    def __init__(
        self,
        *,
        ca_file: str = "",
        proxy: str | None = None,
        max_response_bytes: int = 1048576,
        connections: int = 8,
        connect_timeout_ms: float = 5000.0,
        timeout_ms: float = 60000.0,
    ) -> None: ...

def hosted_rerank(
    service: str,
    *,
    name: str,
    model: str,
    base_url: str,
    api_key: str | None,
    instruction: str,
    max_tokens_per_document: int | None,
    truncate: bool,
    max_documents: int | None,
    max_tokens: int | None,
    price: tuple[float, float] | None,
    tries: int,
    wait_ms: float,
    http: HttpOptions,
) -> Stage:
    """stages::hosted_rerank of C++."""

class Judge:
    def __init__(
        self,
        *,
        base_url: str,
        model: str,
        api_key: str | None,
        rubric: str,
        mode: str,
        highest_grade: int,
        prompt: str,
        body: str,
        max_passage_bytes: int,
        window: int,
        step: int,
        tries: int,
        wait_ms: float,
        price: tuple[float, float] | None,
        http: HttpOptions,
        name: str,
    ) -> None: ...
    def grade(
        self, query: str, passages: list[str], *, budget_ms: float | None = None
    ) -> list[tuple[float | None, str, str, int, int, float]]:
        """[(grade or None, reason, error, answers, tokens, dollars)] of each passage."""

    def stage(self) -> Stage: ...
    @property
    def prompt_version(self) -> str: ...
