"""What holds for every test of the tree."""

from hypothesis import HealthCheck, settings

# A busy machine is no finding: properties are judged by what they assert, never by the time they take.
settings.register_profile("ses", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ses")
