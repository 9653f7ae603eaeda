import random

from orchestrator.adapters.memory.topic import topic_matches
from tests.integration.rabbit.site import Site, message

WORDS = ("a", "b", "")


def made_up(generator: random.Random, words: tuple[str, ...]) -> str:
    """Return up to four words in a row."""
    return ".".join(generator.choice(words) for _ in range(generator.randrange(5)))


async def test_our_topic_matching_is_rabbitmqs(site: Site) -> None:
    """Whatever is tested on memory binds the same way on the broker, corners included."""
    generator = random.Random(7)  # noqa: S311 - the same patterns every time
    patterns = {made_up(generator, (*WORDS, "*", "#", "#")) for _ in range(60)} | {"a.#", "#.#"}
    keys = {made_up(generator, WORDS) for _ in range(80)} | {"", "a"}

    for pattern in sorted(patterns):
        await site.broker.bind(site.service, [pattern])
        await site.publish(*(message(f"{pattern} {key}", routing_key=key) for key in sorted(keys)))
        await site.broker.unbind(site.service, [pattern])

    expected = {f"{p} {k}" for p in patterns for k in keys if topic_matches(p, k)}
    taken = await site.take(site.service, await site.depth(site.service))
    assert {delivery.body.decode() for delivery in taken} == expected
