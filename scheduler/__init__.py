"""Time and processes: which monitor is due, who claims the crawl, which subprocess runs it.

May import `indexer` and `counterfoil`; starts crawls as subprocesses and never imports `crawlers`.
"""
