"""The dashboards as data: what each shows, in order. How they look in Grafana: `grafana.py`; on paper: the report."""
