"""One module per format or connector: read an interval, stage, publish, discard."""
