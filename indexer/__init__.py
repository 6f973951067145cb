"""The suspect index: judge what was crawled, put suspects in, search, rebuild.

May import `counterfoil`; knows nothing of Scrapy.
"""
