"""What `reduse.wire` says of shards, for the agent's Go (collector/shards): `python -m tests.collector.shard_vectors`
writes it to where the tests of both read it."""

import hashlib
import json
from pathlib import Path

from reduse.wire import MOST_SHARDS, shard_key, shard_number, shard_of

FILE = Path(__file__).parents[2] / "collector" / "shards" / "testdata" / "wire.json"

ASCII = "".join(map(chr, range(128)))
NAMES = [
    ("", "mes-api"),
    ("eu", "mes-api"),
    ("eu/west", "a/b"),
    ("/", "//"),
    ("Пермь", "заказы"),
    ("日本", "店 🛒"),
    ("e\u0301", "\u00e9"),
    ("", "a b+c&d=e;f,g%h#1/8?"),
    ("%2F", "%"),
    ("", ASCII),
    ("\x80\xff", "\uffff\U0010ffff"),
    ("~._-", "'()!*\"\\"),
    ("n" * 256, "\U0010ffff" * 256),
]
SHARDS = [1, 2, 3, 7, 8, 16, 100, 255, MOST_SHARDS]
FIRST = ("0000", "0001", "1fff", "2000", "7fff", "8000", "fffe", "ffff")
HASHES = [
    *(f"{first}{rest * 12}" for first in FIRST for rest in "0f"),
    *(hashlib.sha256(str(number).encode()).hexdigest()[:16] for number in range(40)),
]
KEYS = ["", "a", "a#", "a#1", "a#1/2", "a#0/1", "a#7/8", "a#8/8", "a#0/0", "a#255/256", "a#256/256", "a#0/257"]
KEYS += ["a#1/2\n", "a#-1/2", "a#\u0661/2", "a#0001/2", "a#1/2#0/1", "a#0/1#1/2", "#1/2", "a%231/2", "a/1/2", "a#1/999"]

GOOD_SETTINGS = {
    "": {},
    " ": {},
    "billing-go=8": {"billing-go": 8},
    "billing-go=8,eu/search-node=4": {"billing-go": 8, "eu/search-node": 4},
    " a=1 , b=256 ": {"a": 1, "b": 256},
    "заказы=2": {"заказы": 2},
    "%d0%B7=2": {"з": 2},
    "a%2Cb%3Dc%25=008": {"a,b=c%": 8},
    "a+b c=3": {"a+b c": 3},
}
BAD_SETTINGS = ["8", "a", "a=", "=8", "a=0", "a=257", "a=-1", "a=+1", "a=1.5", "a=x", "a=8,", ",a=8", "a=1,,b=2"]
BAD_SETTINGS += ["a=1,a=2", "a=1,%61=2", "a%=1", "a%2=1", "a%zz=1", "%ff=1", "a=b=1", "a= 8", "a=\u0668", "a=8 b=8"]
BAD_SETTINGS += ["a=99999999999999999999"]


def vectors() -> dict[str, object]:
    return {
        "keys": [
            {"namespace": space, "name": name, "number": number, "shards": number + 1}
            | {"key": shard_key(space, name, number, number + 1)}
            for number, (space, name) in enumerate(NAMES)
        ],
        "several": {key: shard_number(key.encode()).shards > 1 for key in KEYS},
        "users": [f"{each} {shards} {shard_of(each, shards)}" for shards in SHARDS for each in HASHES],
        "good": GOOD_SETTINGS,
        "bad": BAD_SETTINGS,
    }


def written() -> str:
    return json.dumps(vectors(), indent=1) + "\n"


if __name__ == "__main__":
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(written(), encoding="utf-8")
