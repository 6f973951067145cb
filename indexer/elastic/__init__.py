"""The suspect index on an Elasticsearch server: COUNTERFOIL_INDEX_URL."""
