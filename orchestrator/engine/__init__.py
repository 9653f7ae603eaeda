"""The shell around the pure core: batches through decode, decide, commit, publish and ack."""
