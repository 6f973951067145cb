"""Things a newcomer can run: the made-up marketplace that the demo and the tests crawl."""
