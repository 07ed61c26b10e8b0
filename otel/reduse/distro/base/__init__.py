"""What every layer above stands on: settings, errors, time, counters and histograms. Imports none of them."""
