"""How many examples property tests try: few while one works, more in the whole run (`./reduse test`)."""

from hypothesis import HealthCheck, settings

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]

settings.register_profile("quick", deadline=None, max_examples=20, suppress_health_check=SLOW)
settings.register_profile("thorough", deadline=None, max_examples=150, suppress_health_check=SLOW)
settings.load_profile("quick")
