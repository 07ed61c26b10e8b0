"""Settings of the parts: services, processors, collectors and what else reads the environment of a shell."""

from reduse.distro.base.settings_table import DISTRO_SETTINGS
from reduse.processor import settings as processor
from reduse.processor.kafka import settings as kafka
from reduse.settings import configuration
from reduse.settings.setting import Setting, of_model

DISTRO = "a service"
PROCESSOR = "processor"
WORKER = "processor on Kafka"
LAUNCHER = "launcher"

OF_SERVICES = tuple(
    Setting(setting.name, (DISTRO,), setting.kind, setting.default, setting.help) for setting in DISTRO_SETTINGS
)
OF_PROCESSORS = of_model(processor.Settings, processor.PREFIX, PROCESSOR)
OF_WORKERS = of_model(kafka.KafkaSettings, kafka.PREFIX, WORKER)
OF_CONFIGURATION = configuration.settings()
OF_THE_LAUNCHER = (
    Setting(
        "REDUSE_VENV",
        (LAUNCHER,),
        "path",
        None,
        "Folder of the Python environment; `.venv` of the checkout by default.",
    ),
)
ALL = (*OF_SERVICES, *OF_PROCESSORS, *OF_WORKERS, *OF_CONFIGURATION, *OF_THE_LAUNCHER)

MARKS = frozenset({"REDUSE_PART", "REDUSE_PART_OF", "REDUSE_PART_STAGE", "REDUSE_PART_STOP"})
"""No settings: the stack puts them into the environment of what it starts, to know it again."""
