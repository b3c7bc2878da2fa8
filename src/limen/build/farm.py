"""Who makes the candidates: this process, several on this machine, or a Ray cluster; the results are the same."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import Any

from limen.build.trials import Attempt, Task, attempts, worker
from limen.bundle import Bundle
from limen.errors import MissingExtra, Unreachable
from limen.optimize.search import Trial


def farm(task: Task, recipes: Sequence[str], jobs: int = 1, cluster: str | None = None) -> Iterator[tuple[str, Any]]:
    """(recipe, attempts) as they become ready.

    Args:
        jobs: processes on this machine.
        cluster: ``ray://host:port`` of a Ray cluster whose machines hold the same files, or ``ray`` for one here.

    Raises:
        MissingExtra: Ray is asked for and not installed.
        Unreachable: nobody answers at the cluster's address.
    """
    if cluster is not None and recipes:
        yield from _on_ray(task, recipes, cluster)
    elif jobs > 1 and len(recipes) > 1:
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(min(jobs, len(recipes)), mp_context=context) as pool:
            ready = {pool.submit(worker, task, recipe): recipe for recipe in recipes}
            for future in as_completed(ready):
                yield ready[future], _unpacked(future.result())
    else:
        for recipe in recipes:
            yield recipe, attempts(task, recipe)


def _unpacked(results: list[tuple[dict[str, Any], bytes | None]]) -> list[Attempt]:
    return [Attempt(Trial.from_json(v), None if data is None else Bundle.open(data)) for v, data in results]


def _on_ray(task: Task, recipes: Sequence[str], cluster: str) -> Iterator[tuple[str, Any]]:
    try:
        import ray  # type: ignore[import-not-found,unused-ignore]
    except ImportError as error:
        raise MissingExtra("ray", None, "pip install ray") from error
    try:
        ray.init(address=cluster if "://" in cluster else None, log_to_driver=False, ignore_reinit_error=True)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise Unreachable(f"{cluster}: no Ray cluster answers: {error}") from error
    remote = ray.remote(worker)
    ready = {remote.remote(task, recipe): recipe for recipe in recipes}
    while ready:
        done, _ = ray.wait(list(ready), num_returns=1)
        yield ready.pop(done[0]), _unpacked(ray.get(done[0]))
