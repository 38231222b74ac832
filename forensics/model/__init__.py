"""The product's vocabulary: what an event, a finding, a cause and a result are. Imports nothing else of ours."""
