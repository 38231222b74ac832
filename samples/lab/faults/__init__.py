"""Stories at the level of services: races, time-outs, outages, stale reads."""
