"""What this project changes about Scrapy's own commands."""
