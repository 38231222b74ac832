"""The lab: a small real warehouse on loopback, recorded with what really happened beside what its logs say."""
