"""What the hub can do, whoever asks: one module of verbs a subject, each verb one transaction and its events."""
