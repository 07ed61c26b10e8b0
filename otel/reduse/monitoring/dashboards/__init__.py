"""The dashboards as data. `grafana.py` converts them for Grafana; the report and the console draw them, too."""
