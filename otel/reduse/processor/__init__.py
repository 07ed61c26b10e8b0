"""OTLP in, Python processors over closed event-time windows, OTLP out.

The core (`columns`, `decoding`, `engine`, `plugin`, `processors`, `encoding`) imports no server and no store: time,
bytes and durability are handed to it. The edge (`server`, `store`, `committer`, `sender`, `exposition`) hosts it.
"""
