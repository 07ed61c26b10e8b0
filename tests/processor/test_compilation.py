"""No request waits for the compiler: what is compiled is compiled before the first one."""

import json
import os
import subprocess
import sys

import pytest

from tests.server import ROOT

# A program, because this process has compiled most of it already.
PROGRAM = """
import gc, json, random, sys
from numba.core.registry import CPUDispatcher
from reduse.processor.compilation import compile_ahead
from reduse.processor.core.engine import Engine
from reduse.processor.core.join import Join
from reduse.processor.core.ladder import parse_policy_limits
from reduse.processor.core.options import Options
from reduse.processor.core.packing import pack, unpack
from reduse.processor.core.partial import Partial, pack_partials, unpack_partials
from reduse.processor.core.processors import BUILT_IN
from reduse.processor.core.record import pack_exports
from reduse.processor.core.shard import Shard
from reduse.processor.otlp.decoding import decode
from reduse.wire import WHOLE
from tests.processor.exports import SECOND, export, text

def compiled():
    found = [each for each in gc.get_objects() if isinstance(each, CPUDispatcher)]
    return {f"{each.py_func.__module__}.{each.py_func.__name__}": len(each.signatures)
            for each in found if each.py_func.__module__.startswith("reduse.")}

OPTIONS = Options(policy_limits=parse_policy_limits("mes-api/price=2/second,60/minute", 2))
joined = sys.argv[1] == "joined"
compile_ahead(joined=joined)
before = compiled()
draw, begin = random.Random(1), 1_790_000_000 * SECOND
shard, join = Shard(lambda: Engine(BUILT_IN, OPTIONS, joined=joined)), Join(BUILT_IN)
for second in range(60):
    start = begin + second * SECOND
    for instance in ("one", "two", "three"):
        some = draw.choice([0, 1, 10, 200, 8000])
        users = {f"{draw.randrange(20_000) * 2**40:016x}": draw.randrange(1, 9) for _ in range(some)}
        late = draw.choice([0, 0, 3]) * SECOND
        made = export(start - late, start - late + SECOND, users, draw.randrange(3), instance)
        points = made.resource_metrics[0].scope_metrics[0].metrics[0].histogram.data_points
        for each in points[:-1] if draw.random() < 0.5 else []:
            if draw.random() < 0.7:
                each.attributes.append(text("reduse.policy", draw.choice(["price", "jobs"])))
        body = made.SerializeToString()
        exports = decode(body, start + 10 * SECOND).exports
        pack_exports(exports, start)
        for _ in range(draw.choice([1, 1, 2])):
            shard.take(exports, start + SECOND)
    partials = [Partial("one", (WHOLE,), each) for each in shard.tick(start + SECOND + SECOND // 5)] if joined else []
    for partial in unpack_partials(pack_partials(partials)):
        join.take(partial, start)
    if not second % 20:
        again = Shard(shard.new_engine)
        again.load(unpack(pack(shard.dump())))
        join_again = Join(BUILT_IN)
        join_again.load(unpack(pack(join.dump())))
        shard, join = again, join_again
shard.tick(begin + 7200 * SECOND)
json.dump({"before": before, "after": compiled()}, sys.stdout)
"""


@pytest.mark.server
@pytest.mark.parametrize("host", ["server", "joined"])
def test_traffic_of_any_kind_compiles_nothing_more(host: str) -> None:
    """What is called with new types is counted, be it compiled then or found on disk."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith("REDUSE_")}
    variables["PYTHONPATH"] = str(ROOT)
    command = [sys.executable, "-c", PROGRAM, host]
    ended = subprocess.run(command, env=variables, cwd=ROOT, capture_output=True, text=True, check=False, timeout=200)
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout)
    assert found["before"]
    assert found["after"] == found["before"]
